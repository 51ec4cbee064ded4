import Contracts
import GRDB
import Queue
import Storage

/// The refunds of orders by id, and by the key under which an operator asked for one. What becomes of them is in the order.
extension OrderStore {
    static let refunds = Store.Migration(
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
    struct RefundAsked: Sendable {
        var id: String
        var orderId: String
        var request: OrderRefundRequest
    }

    private static func insert(
        _ database: Database, refund id: String, orderId: String, key: String?, request: OrderRefundRequest?
    ) throws {
        try database.run(
            "INSERT INTO refunds (id, order_id, idempotency_key, request) VALUES (?, ?, ?, ?)",
            [id, orderId, key, try request.map { try JSON.encode($0) }])
    }

    static func refund(_ database: Database, key: String) throws -> RefundAsked? {
        try database.row("SELECT id, order_id, request FROM refunds WHERE idempotency_key = ?", [key]).map {
            RefundAsked(id: $0[0], orderId: $0[1], request: try JSON.decode(OrderRefundRequest.self, from: $0[2]))
        }
    }

    /// The order of a refund, and the refund as it is now.
    static func refund(_ database: Database, id: String) throws -> (order: Order, refund: OrderRefund)? {
        guard let orderId = try database.row("SELECT order_id FROM refunds WHERE id = ?", [id])?[0] as String?,
            let order = try order(database, id: orderId),
            let refund = order.document.refunds.first(where: { $0.id == id })
        else { return nil }
        return (order, refund)
    }

    /// Writes a refund ahead of any call: into its order, and with the messages that carry it out.
    /// - Parameters:
    ///   - asked: the key and the request of an operator.
    ///   - delay: of the messages; their work is done by a request that waits meanwhile.
    static func begin(
        _ database: Database, _ queue: DurableQueue, _ refund: OrderRefund, of order: Order,
        asked: (key: String, request: OrderRefundRequest)? = nil, delay: Duration = .zero, at now: Timestamp
    ) throws {
        var order = order
        order.begin(refund, at: now)
        try insert(database, refund: refund.id, orderId: order.id, key: asked?.key, request: asked?.request)
        try save(database, order, document: JSON.encode(order.document))
        if refund.amount > 0 {
            try queue.add(database, .refundOrder, refund.id, delay: delay)
        } else {
            try queue.tell(database, refund, of: order)
        }
        // What a customer was sold stays theirs until the money is back; what can't be delivered never was.
        if !refund.items.isEmpty, refund.amount == 0 || refund.cause == .outOfStock {
            try queue.add(database, .returnGoods, refund.id, delay: delay)
        }
    }
}

extension DurableQueue {
    /// Tells the customer of a refund, once: each has an event of its own.
    func tell(_ database: Database, _ refund: OrderRefund, of order: Order) throws {
        let event = try Conclusion.Assignment.telling(.notifyRefunded, order, amount: refund.amount, reason: refund.reason)
        try add(database, event, refund.id)
    }
}
