import Contracts
import Resilience
import ServingPath
import Transport

/// Notification is optional and never on a request's way: events reach it through the queue, however late.
struct NotificationNeighbour: Sendable {
    let neighbour: Neighbour

    func send(_ event: CloudEvent, deadline: Deadline, limit: Duration) async throws(CallError) {
        let receipt: EventReceipt = try await neighbour.call(
            "POST", "/events", body: event, expecting: [202], refusals: ["invalid-request"], deadline: deadline, limit: limit,
            criticality: .sheddable)
        guard receipt.id == event.id, receipt.accepted else { throw .unavailable(.invalidAnswer) }
    }
}
