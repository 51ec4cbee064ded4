import Contracts
import Foundation
import GRDB
import Queue
import Storage

/// The table of orders: the request as it came, the document as customers see it, and the rest of the order's
/// progress, each as JSON. The last two are missing as long as they follow from the first.
enum OrderTable {
    static let migration = Store.Migration(
        "orders-1",
        """
        CREATE TABLE orders (
            id TEXT NOT NULL PRIMARY KEY,
            idempotency_key TEXT UNIQUE,
            status TEXT NOT NULL CHECK (status IN ('placing', 'accepted', 'confirmed', 'rejected', \
        'cancelled')),
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

    /// Null for the many that are not: they stand in no index.
    static let degraded = Store.Migration(
        "order-degraded-1",
        """
        ALTER TABLE orders ADD COLUMN degraded INTEGER;
        UPDATE orders SET degraded = 1 WHERE CAST(document AS TEXT) LIKE '%"degradations":[{%';
        CREATE INDEX orders_degraded ON orders (degraded, id) WHERE degraded IS NOT NULL;
        """
    )

    /// ``save(_:_:document:)`` guards the transitions.
    static let transitions = Store.Migration("order-transitions-1", "DROP TRIGGER orders_transition")

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
            INSERT INTO orders (id, idempotency_key, status, customer_id, created_at, request)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                order.id, key, order.status.rawValue, order.request.customerId,
                order.document.createdAt.milliseconds, request,
            ])
        try CouponClaimTable.keep(database, of: order)
        return .new
    }

    /// Saves the order, with a new version, over the one it was read at.
    /// - Parameter document: the order's, where it was encoded before the transaction began.
    /// - Throws: ``OrderChanged`` if another change came first, ``IllegalTransition`` from a state that it
    ///   can't come from.
    @discardableResult
    static func save(_ database: Database, _ order: Order, document: Data? = nil) throws -> Order {
        let legal = ([order.status] + order.status.predecessors).map(\.rawValue)
        let values: [(any DatabaseValueConvertible)?] = [
            order.status.rawValue, try document ?? JSON.encode(order.document),
            try JSON.encode(order.progress), order.document.degradations.isEmpty ? nil : 1, order.id,
            order.version,
        ]
        try database.run(
            """
            UPDATE orders SET status = ?, version = version + 1, document = ?, progress = ?, degraded = ?
            WHERE id = ? AND version = ? AND status IN (\(legal.map { _ in "?" }.joined(separator: ", ")))
            """,
            StatementArguments(values + legal))
        guard database.changesCount == 1 else { throw try refusal(database, of: order) }
        if order.isPricedFromCache { try PromiseTable.keep(database, of: order) }
        try CouponClaimTable.keep(database, of: order)
        var saved = order
        saved.version += 1
        return saved
    }

    private static func refusal(_ database: Database, of order: Order) throws -> any Error {
        let found = try database.row(
            "SELECT status FROM orders WHERE id = ? AND version = ?", [order.id, order.version])
        guard let found else { return OrderChanged() }
        return IllegalTransition(id: order.id, from: try found.choice(0), to: order.status)
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

    /// Tells most of those that owe none without decoding them: the word stands nowhere in their document.
    static func mayOweMessage(_ database: Database, id: String) throws -> Bool {
        let document: Data? = try database.row("SELECT document FROM orders WHERE id = ?", [id])?[0]
        return document?.range(of: Data(Degradation.Effect.notificationQueued.rawValue.utf8)) != nil
    }

    /// Ids past `after` of undecided orders that were placed at `oldest` or before, the oldest first.
    static func unfinished(
        _ database: Database, upTo oldest: Timestamp, after: String, limit: Int
    ) throws -> [String] {
        try database.rows(
            """
            SELECT id FROM orders WHERE status = 'placing' AND id > :after AND id < :later
            UNION ALL SELECT id FROM orders WHERE status = 'accepted' AND id > :after AND id < :later
            ORDER BY id LIMIT :limit
            """,
            ["after": after, "later": firstId(after: oldest), "limit": limit]
        ).map { $0[0] }
    }

    /// An id begins with the time of its order.
    static func firstId(after time: Timestamp) -> String {
        Identifier.first("ord_", at: time.advanced(by: .milliseconds(1)))
    }

    /// Newest first, by id, the rows as they lie.
    /// - Parameter isDegraded: only those with a degradation, repaired or not.
    static func list(
        _ store: Store, customerId: String?, isDegraded: Bool, status: OrderStatus?
    ) -> KeysetList {
        KeysetList(
            store,
            """
            SELECT id, created_at, status, CASE WHEN document IS NULL THEN request END, document FROM orders
            """, by: "id", .descending,
            where: [
                "customer_id = ?": customerId, "degraded = ?": isDegraded ? 1 : nil,
                "status = ?": status?.rawValue,
            ]
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
        if let document: Data = row[3], let progress: Data = row[4] {
            order.document = try JSON.decode(OrderDocument.self, from: document)
            order.progress = try JSON.decode(Order.Progress.self, from: progress)
            order.savedDegradations = order.document.degradations
        }
        return order
    }
}

/// The order was changed since it was read.
struct OrderChanged: Error {}
