import Contracts
import Logging

/// Tells a customer of an event through the log: one notification an event id, however often the event comes.
struct Notify: Sendable {
    let notifications: NotificationStore
    let wall: @Sendable () -> Timestamp
    let logger: Logger

    /// The event that came first with an id counts; a repeat changes nothing and is answered the same.
    func callAsFunction(_ event: CloudEvent, kind: NotificationKind) async throws -> EventReceipt {
        let notification = StoredNotification(
            id: event.id, orderId: event.data.orderId, customerId: event.data.customerId, kind: kind,
            channel: .log, status: .sent, at: wall())
        try await notifications.add(notification) { [logger] in
            logger.info(
                "notification sent",
                metadata: [
                    "event": "\(event.id)", "order_id": "\(notification.orderId)",
                    "kind": "\(kind.rawValue)",
                ])
        }
        return EventReceipt(id: event.id, accepted: true)
    }
}
