import Contracts
import Runtime
import ServingPath
import Transport

struct NotificationRoutes: Sendable {
    let notifications: NotificationStore
    let notify: Notify

    var routes: [Route] {
        [
            .post("/events", .sheddable, access: .services, addsWork: true) { try await accept($0) },
            .get("/notifications", query: .checked) { try await list($0) },
        ]
    }

    private func accept(_ call: Call) async throws -> Answer {
        let event = try await call.decode(CloudEvent.self) { $0.validate(&$1) }
        // ``CloudEvent/validate(_:)`` has refused any other.
        guard let kind = event.kind else { throw Problem.internalError }
        return try .json(202, try await notify(event, kind: kind))
    }

    private func list(_ call: Call) async throws -> Answer {
        try await call.list(filters: ["orderId", "customerId", "kind"]) { check in
            notifications.list(
                orderId: call.query("orderId"), customerId: call.query("customerId"),
                call.query("kind", &check))
        }
    }
}
