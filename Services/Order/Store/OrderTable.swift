import Contracts
import Foundation
import GRDB
import Queue
import Storage

/// The table of orders.
///
/// A row holds the request as it came, the document as customers see it, and the rest of the order's
/// progress, each as JSON. The last two are missing as long as they follow from the first.
enum OrderTable {
    static let migration = Store.Migration(
        "orders-1",
        """
        CREATE TABLE orders (
            id TEXT NOT NULL PRIMARY KEY,
            idempotency_key TEXT UNIQUE,
            status TEXT NOT NULL CHECK (status IN ('placing', 'accepted', 'confirmed', 'rejected', 'cancelled')),
            version INTEGER NOT NULL DEFAULT 0,
            customer_id TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            request BLOB NOT NULL,
            document BLOB,
            progress BLOB,
            CHECK ((document IS NULL) = (progress IS NULL)),
            CHECK (document IS NOT NULL OR status = 'placing')
        ) STRICT;
        CREATE INDEX orders_customer ON orders (customer_id, id);
        CREATE INDEX orders_unfinished ON orders (created_at) WHERE status IN ('placing', 'accepted');
        CREATE TRIGGER orders_transition BEFORE UPDATE OF status ON orders
        WHEN old.status <> new.status AND NOT (
            (old.status = 'placing')
            OR (old.status = 'accepted' AND new.status IN ('confirmed', 'cancelled')))
        BEGIN SELECT RAISE(ABORT, 'an order can''t go that way'); END;
        """
    )

    /// Each list has an index in its order; the orders that aren't decided are in `orders_status` as well.
    static let lists = Store.Migration(
        "order-lists-1",
        """
        CREATE INDEX orders_status ON orders (status, id);
        DROP INDEX orders_unfinished;
        """
    )

    enum Placed: Sendable {
        case new
        /// The key was used before, by this order.
        case existing(Order)
    }

    static let columns = "id, created_at, request, document, progress, version"

    /// Writes an order ahead of any call; an order that has the key already stays as it is.
    static func insert(_ database: Database, _ order: Order, key: String, request: Data) throws -> Placed {
        if let existing = try self.order(database, key: key) { return .existing(existing) }
        try database.run(
            """
            INSERT INTO orders (id, idempotency_key, status, customer_id, created_at, request) VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                order.id, key, order.status.rawValue, order.request.customerId,
                order.document.createdAt.milliseconds, request,
            ])
        if let code = order.request.couponCode { try CouponClaimTable.keep(database, of: order, code: code) }
        return .new
    }

    /// Saves the order over the version it was read at; one compare-and-set decides between two that change
    /// an order.
    /// - Throws: ``OrderChanged`` if another change came first.
    /// - Parameter document: the order's, as JSON, where it was encoded before the transaction began.
    static func save(_ database: Database, _ order: Order, document: Data? = nil) throws {
        try database.run(
            "UPDATE orders SET status = ?, version = version + 1, document = ?, progress = ? WHERE id = ? AND version = ?",
            [
                order.status.rawValue, try document ?? JSON.encode(order.document),
                try JSON.encode(order.progress),
                order.id, order.version,
            ])
        guard database.changesCount == 1 else { throw OrderChanged() }
        if order.isPricedFromCache { try PromiseTable.keep(database, of: order) }
        if let code = order.request.couponCode { try CouponClaimTable.keep(database, of: order, code: code) }
    }

    /// Frees the order's idempotency key: nothing was done, and the customer may try again with it.
    static func forgetKey(_ database: Database, id: String) throws {
        try database.run("UPDATE orders SET idempotency_key = NULL WHERE id = ?", [id])
    }

    static func order(_ database: Database, id: String) throws -> Order? {
        try database.row("SELECT \(columns) FROM orders WHERE id = ?", [id]).map(decode)
    }

    static func order(_ database: Database, key: String) throws -> Order? {
        try database.row("SELECT \(columns) FROM orders WHERE idempotency_key = ?", [key]).map(decode)
    }

    /// Tells most of those that owe none without reading all of them: the word stands nowhere in their
    /// document.
    static func mayOweMessage(_ database: Database, id: String) throws -> Bool {
        let word = Data(Degradation.Effect.notificationQueued.rawValue.utf8)
        return try database.row("SELECT 1 FROM orders WHERE id = ? AND instr(document, ?)", [id, word]) != nil
    }

    /// Ids of the orders that are not decided and were placed at `oldest` or before, the oldest first.
    /// - Parameter except: ids that are left out, as a JSON array.
    static func unfinished(
        _ database: Database, upTo oldest: Timestamp, except: String, limit: Int
    ) throws -> [String] {
        // An id begins with the time of its order.
        let later = Identifier.first("ord_", at: oldest.advanced(by: .milliseconds(1)))
        let others = "id < :later AND id NOT IN (SELECT value FROM json_each(:except))"
        return try database.rows(
            """
            SELECT id FROM orders WHERE status = 'placing' AND \(others)
            UNION ALL SELECT id FROM orders WHERE status = 'accepted' AND \(others)
            ORDER BY id LIMIT :limit
            """,
            ["later": later, "except": except, "limit": limit]
        ).map { $0[0] }
    }

    /// Newest first, by id, the rows as they lie.
    static func list(_ store: Store, customerId: String?, status: OrderStatus?) -> KeysetList {
        KeysetList(
            store,
            """
            SELECT id, created_at, status, CASE WHEN document IS NULL THEN request END, document FROM orders
            """, by: "id", .descending,
            where: ["customer_id = ?": customerId, "status = ?": status?.rawValue]
        ) { database, row in
            let isCancelled = row[2] == OrderStatus.cancelled.rawValue
            let order = ListedOrder(
                id: row[0], createdAt: Timestamp(milliseconds: row[1]), request: row[3], document: row[4],
                messages: isCancelled ? try DurableQueue.kinds(database, key: row[0]) : nil)
            return KeysetList.Item(bytes: order.bytes) { try order.encoded() }
        }
    }

    static func decode(_ row: Row) throws -> Order {
        let request = try JSON.decode(OrderRequest.self, from: row[2]).canonical
        var order = Order(id: row[0], request: request, at: Timestamp(milliseconds: row[1]))
        order.version = row[5]
        if let document = row[3] as Data?, let progress = row[4] as Data? {
            order.document = try JSON.decode(OrderDocument.self, from: document)
            order.progress = try JSON.decode(Order.Progress.self, from: progress)
        }
        return order
    }
}

/// The order was changed since it was read.
struct OrderChanged: Error {}
