import Contracts
import GRDB
import Runtime
import Storage

/// The table of notifications.
enum NotificationTable {
    static let migration = Store.Migration(
        "notifications-1",
        """
        CREATE TABLE notifications (
            sequence INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            order_id TEXT NOT NULL,
            customer_id TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('order-accepted', 'order-confirmed', 'order-cancelled', 'order-refunded')),
            channel TEXT NOT NULL CHECK (channel IN ('log', 'webhook', 'email')),
            status TEXT NOT NULL CHECK (status IN ('stored', 'sent', 'failed')),
            at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX notifications_order ON notifications (order_id);
        """
    )

    /// A list's order is in each: a row's number ends every index.
    static let lists = Store.Migration(
        "notification-lists-1",
        """
        CREATE INDEX notifications_customer ON notifications (customer_id);
        CREATE INDEX notifications_kind ON notifications (kind);
        """
    )

    /// What a list is asked for; nil asks for all.
    struct Filter: Sendable {
        var orderId: String?
        var customerId: String?
        var kind: NotificationKind?
    }

    /// - Returns: whether it is new; one with the same id stays as it is, also when the inbox has forgotten
    ///   it.
    static func insert(_ database: Database, _ notification: StoredNotification) throws -> Bool {
        try database.run(
            """
            INSERT INTO notifications (id, order_id, customer_id, kind, channel, status, at) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO NOTHING
            """,
            [
                notification.id, notification.orderId, notification.customerId, notification.kind.rawValue,
                notification.channel.rawValue, notification.status.rawValue, notification.at.milliseconds,
            ])
        return database.changesCount == 1
    }

    /// Newest first; those older than the one with the id `after` where given.
    static func notifications(
        _ database: Database, _ filter: Filter, after: String?, limit: Int
    ) throws -> [StoredNotification] {
        let conditions = ListConditions(
            ["order_id": filter.orderId, "customer_id": filter.customerId, "kind": filter.kind?.rawValue],
            from: ("sequence < (SELECT sequence FROM notifications WHERE id = ?)", after))
        return try database.rows(
            """
            SELECT id, order_id, customer_id, kind, channel, status, at FROM notifications \(conditions.sql)
            ORDER BY sequence DESC LIMIT ?
            """, conditions.arguments(limit: limit)
        ).map(notification)
    }

    /// Deletes the oldest ones, `limit` at most, as far as they are from `until` or before. One that isn't
    /// sent yet stays, and what is younger.
    static func deleteOldest(_ database: Database, until: Timestamp, limit: Int) throws -> Retention.Batch {
        let oldest = try database.rows(
            "SELECT sequence, at, status FROM notifications ORDER BY sequence LIMIT ?", [limit])
        let old = oldest.prefix { ($0[1] as Int64) <= until.milliseconds && ($0[2] as String) != "stored" }
        guard let last = old.last?[0] as Int64? else { return Retention.Batch() }
        try database.run("DELETE FROM notifications WHERE sequence <= ?", [last])
        return Retention.Batch(
            count: old.count, until: old.map { Timestamp(milliseconds: $0[1]) }.max(),
            cursor: old.count == limit ? "" : nil)
    }

    private static func notification(_ row: Row) throws -> StoredNotification {
        guard let kind = NotificationKind(rawValue: row[3]),
            let channel = StoredNotification.Channel(rawValue: row[4]),
            let status = StoredNotification.Status(rawValue: row[5])
        else { throw StoreError.failed(reason: "a notification has an unknown kind, channel or status") }
        return StoredNotification(
            id: row[0], orderId: row[1], customerId: row[2], kind: kind, channel: channel, status: status,
            at: Timestamp(milliseconds: row[6]))
    }
}
