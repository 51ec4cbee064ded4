import Contracts
import GRDB
import Mutants
import Queue
import Storage

/// The notifications on disk, in this service's verbs: each is one transaction.
struct NotificationStore: Sendable {
    let store: Store

    /// Keeps a notification whose event is new; `send` runs before it counts as sent, so that a crash in
    /// between sends it again.
    func add(_ notification: StoredNotification, send: @escaping @Sendable () -> Void) async throws {
        try await store.write("notification") { database in
            var notification = notification
            if Mutant.isOn(.notificationHasNoInbox) {
                notification.id = Identifier.make("evt_", at: notification.at)
            }
            guard try Inbox.absorb(database, id: notification.id, at: notification.at.milliseconds),
                try NotificationTable.insert(database, notification)
            else { return }
            send()
        }
    }

    func list(orderId: String?, customerId: String?, _ kind: NotificationKind?) -> KeysetList {
        NotificationTable.list(
            store,
            where: ["order_id = ?": orderId, "customer_id = ?": customerId, "kind = ?": kind?.rawValue])
    }
}
