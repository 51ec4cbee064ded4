import Contracts
import GRDB
import Queue
import Storage

/// Refunds by id, and by the key of an operator's request. What becomes of them is in the order.
enum RefundTable {
    static let migration = Store.Migration(
        "refunds-1",
        """
        CREATE TABLE refunds (
            id TEXT NOT NULL PRIMARY KEY,
            order_id TEXT NOT NULL REFERENCES orders (id),
            idempotency_key TEXT UNIQUE,
            request BLOB,
            CHECK ((idempotency_key IS NULL) = (request IS NULL))
        ) STRICT;
        """
    )

    /// A request for a refund, as it was made with its key.
    struct Asked: Sendable {
        var id: String
        var orderId: String
        var request: OrderRefundRequest
    }

    static func insert(
        _ database: Database, _ id: String, orderId: String, key: String?, request: OrderRefundRequest?
    ) throws {
        try database.run(
            "INSERT INTO refunds (id, order_id, idempotency_key, request) VALUES (?, ?, ?, ?)",
            [id, orderId, key, try request.map { try JSON.encode($0) }])
    }

    static func refund(_ database: Database, key: String) throws -> Asked? {
        try database.row("SELECT id, order_id, request FROM refunds WHERE idempotency_key = ?", [key]).map {
            Asked(id: $0[0], orderId: $0[1], request: try JSON.decode(OrderRefundRequest.self, from: $0[2]))
        }
    }

    /// The order of a refund, and the refund as it is now.
    static func refund(_ database: Database, id: String) throws -> (order: Order, refund: OrderRefund)? {
        guard
            let orderId = try database.row("SELECT order_id FROM refunds WHERE id = ?", [id])?[0] as String?,
            let order = try OrderTable.order(database, id: orderId),
            let refund = order.document.refunds.first(where: { $0.id == id })
        else { return nil }
        return (order, refund)
    }
}
