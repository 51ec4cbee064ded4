import Contracts
import GRDB
import Runtime
import Storage

/// Orders that are deleted once they are old, and what is kept of them: their claims on coupons, which count
/// towards their customers' limits, and how much they had sold, so that inventory's books can still be held
/// against the orders.
extension OrderTable {
    static let retention = Store.Migration(
        "order-retention-1",
        """
        CREATE TABLE deleted_goods (
            sku TEXT NOT NULL PRIMARY KEY,
            quantity INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX refunds_order ON refunds (order_id);
        CREATE TABLE coupon_claims (
            code TEXT NOT NULL,
            customer_id TEXT NOT NULL,
            order_id TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN
                ('asked', 'held', 'estimated', 'owed', 'to-record', 'to-redeem', 'given', 'lost', 'to-release')),
            PRIMARY KEY (code, customer_id, order_id)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO coupon_claims (code, customer_id, order_id, state)
            SELECT code, customer_id, order_id, state FROM coupon_uses;
        DROP TABLE coupon_uses;
        ALTER TABLE coupon_claims RENAME TO coupon_uses;
        """
    )

    /// Deletes the orders past `cursor` that were placed at `until` or before, with their refunds and keys;
    /// `limit` of them are looked at. What isn't finished stays.
    static func deleteOld(
        _ database: Database, until: Timestamp, past cursor: String?, limit: Int
    ) throws -> Retention.Batch {
        // An id begins with the time of its order.
        let later = Identifier.first("ord_", at: until.advanced(by: .milliseconds(1)))
        let old = try database.rows(
            "SELECT \(columns) FROM orders WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
            [cursor ?? "", later, limit]
        ).map(decode)
        var batch = Retention.Batch(cursor: old.count == limit ? old.last?.id : nil)
        for order in old where try order.isFinished && !isAwaited(database, order) {
            try delete(database, order)
            batch.count += 1
            batch.until = order.document.createdAt
        }
        return batch
    }

    /// Whether a message or a claim stands for something that is still to be done for the order.
    private static func isAwaited(_ database: Database, _ order: Order) throws -> Bool {
        for key in [order.id] + order.document.refunds.map(\.id)
        where try database.row("SELECT 1 FROM queue WHERE key = ?", [key]) != nil {
            return true
        }
        guard let code = order.request.couponCode else { return false }
        return try CouponClaimTable.claims(database, code: code, customerId: order.request.customerId)
            .contains {
                $0.orderId == order.id && ![.given, .lost].contains($0.state)
            }
    }

    private static func delete(_ database: Database, _ order: Order) throws {
        if order.status == .confirmed {
            for (sku, quantity) in order.kept where quantity > 0 {
                try database.run(
                    """
                    INSERT INTO deleted_goods (sku, quantity) VALUES (?, ?)
                    ON CONFLICT (sku) DO UPDATE SET quantity = quantity + excluded.quantity
                    """,
                    [sku, quantity])
            }
        }
        try database.run("DELETE FROM refunds WHERE order_id = ?", [order.id])
        try database.run("DELETE FROM orders WHERE id = ?", [order.id])
    }

    /// What deleted orders had sold, less what was returned, by SKU.
    static func deletedGoods(_ store: Store) -> KeysetList {
        KeysetList(store, "SELECT sku, quantity FROM deleted_goods", by: "sku") { _, row in
            .json(ItemQuantity(sku: row[0], quantity: row[1]))
        }
    }
}

extension Order {
    /// Decided, and nothing is owed to the customer.
    fileprivate var isFinished: Bool {
        status.isTerminal && document.pending.isEmpty && document.refunds.allSatisfy(\.pending.isEmpty)
            && !document.degradations.contains(where: \.isOwed)
    }
}
