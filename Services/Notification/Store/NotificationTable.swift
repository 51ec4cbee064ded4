import Contracts
import GRDB
import Runtime
import Storage

enum NotificationTable {
    static let migration = Store.Migration(
        "notifications-1",
        """
        CREATE TABLE notifications (
            sequence INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            order_id TEXT NOT NULL,
            customer_id TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('order-accepted', 'order-confirmed', \
        'order-cancelled', 'order-refunded')),
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

    private static let columns = "id, order_id, customer_id, kind, channel, status, at"

    /// - Returns: whether it is new; one with the same id stays as it is, also when the inbox has forgotten
    ///   it.
    static func insert(_ database: Database, _ notification: StoredNotification) throws -> Bool {
        try database.run(
            """
            INSERT INTO notifications (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO NOTHING
            """,
            [
                notification.id, notification.orderId, notification.customerId, notification.kind.rawValue,
                notification.channel.rawValue, notification.status.rawValue, notification.at,
            ])
        return database.changesCount == 1
    }

    /// Newest first.
    static func list(_ store: Store, where filters: KeysetList.Filters) -> KeysetList {
        KeysetList(
            store, "SELECT \(columns) FROM notifications", by: "sequence", .descending, where: filters,
            cursor: "(SELECT sequence FROM notifications WHERE id = ?)"
        ) { .json(try notification($1)) }
    }

    /// Deletes the oldest ones, `limit` at most, as far as they are from `until` or before. One that isn't
    /// sent yet stays, and what is younger.
    static func deleteOldest(_ database: Database, until: Timestamp, limit: Int) throws -> Retention.Batch {
        let oldest = try database.rows(
            "SELECT sequence, at, status FROM notifications ORDER BY sequence LIMIT ?", [limit])
        let old = oldest.prefix { ($0[1] as Timestamp) <= until && ($0[2] as String) != "stored" }
        guard let last = old.last?[0] as Int64? else { return Retention.Batch() }
        try database.run("DELETE FROM notifications WHERE sequence <= ?", [last])
        return Retention.Batch(
            count: old.count, until: old.map { $0[1] as Timestamp }.max(),
            cursor: old.count == limit ? "" : nil)
    }

    private static func notification(_ row: Row) throws -> StoredNotification {
        StoredNotification(
            id: row[0], orderId: row[1], customerId: row[2], kind: try row.choice(3),
            channel: try row.choice(4), status: try row.choice(5), at: row[6])
    }
}
