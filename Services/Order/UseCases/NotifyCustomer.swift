import Contracts
import Mutants
import Queue
import ServingPath
import Transport

/// Tells the customer what has become of an order or a refund.
struct NotifyCustomer: Sendable {
    let store: OrderStore
    let notification: NotificationClient
    let wall: @Sendable () -> Timestamp

    /// Where the order owed its customer the message, the delivery is written with the end of the message.
    func callAsFunction(_ kind: NotificationKind, _ message: Message) async throws -> DeliveryResult {
        guard let data = try? JSON.decode(NotificationData.self, from: message.payload) else {
            return .refused("the event's data can't be read")
        }
        if try await isTooEarly(kind, data) { return .unavailable("the confirmation goes first") }
        let event = CloudEvent(
            id: "\(message.key):\(kind.rawValue)", source: "/services/order", type: kind,
            subject: data.orderId, time: Timestamp(milliseconds: message.createdAt), data: data)
        switch await notification.send.call(event, for: .queue) {
        case .live(.accepted): return .done(commit: store.markingTold(data.orderId, kind, at: wall()))
        case .live(.refused(let problem)): throw CallError.refused(problem)
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason):
            return DeliveryResult(reason)
        }
    }

    /// The message of a refund has the refund's key, so it is in no FIFO group with its order's others.
    private func isTooEarly(_ kind: NotificationKind, _ data: NotificationData) async throws -> Bool {
        guard kind == .orderRefunded, !Mutant.isOn(.tellsOfRefundsTooEarly) else { return false }
        return try await store.messages(data.orderId).contains(.notifyConfirmed)
    }
}
