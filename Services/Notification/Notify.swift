import Contracts
import Logging
import Queue
import Storage

/// Tells a customer of an event through the log: one notification an event id, however often the event comes.
struct Notify: Sendable {
    let store: Store
    let wall: @Sendable () -> Timestamp
    let logger: Logger

    /// The event that came first with an id counts; a repeat changes nothing and is answered the same.
    func callAsFunction(_ event: CloudEvent, kind: NotificationKind) async throws -> EventReceipt {
        let notification = StoredNotification(
            id: event.id, orderId: event.data.orderId, customerId: event.data.customerId, kind: kind, channel: .log,
            status: .sent, at: wall())
        try await store.write("notification") { [logger] database in
            guard try Inbox.absorb(database, id: notification.id, at: notification.at.milliseconds),
                try NotificationStore.insert(database, notification)
            else { return }
            // Sent before it counts as sent: a crash in between sends it again, never not at all.
            logger.info(
                "notification sent",
                metadata: ["event": "\(event.id)", "order": "\(notification.orderId)", "kind": "\(kind.rawValue)"])
        }
        return EventReceipt(id: event.id, accepted: true)
    }
}
