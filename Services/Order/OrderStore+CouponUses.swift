import Contracts
import GRDB
import Storage

/// How often a customer's orders use a coupon, by what is known here.
extension OrderStore {
    static let couponUses = Store.Migration(
        "coupon-uses-1",
        """
        CREATE TABLE coupon_uses (
            code TEXT NOT NULL,
            customer_id TEXT NOT NULL,
            order_id TEXT NOT NULL REFERENCES orders (id),
            PRIMARY KEY (code, customer_id, order_id)
        ) STRICT, WITHOUT ROWID;
        """
    )

    /// Follows the order that has just been saved, so that uses are a function of the orders on disk.
    static func keepCouponUse(_ database: Database, of order: Order, code: String) throws {
        let use: [any DatabaseValueConvertible] = [code, order.request.customerId, order.id]
        let statement =
            order.usesCoupon
            ? "INSERT OR IGNORE INTO coupon_uses (code, customer_id, order_id) VALUES (?, ?, ?)"
            : "DELETE FROM coupon_uses WHERE code = ? AND customer_id = ? AND order_id = ?"
        try database.run(statement, StatementArguments(use))
    }

    /// How many orders of the customer use the coupon now.
    static func couponUses(_ database: Database, code: String, customerId: String) throws -> Int {
        try database.row("SELECT count(*) FROM coupon_uses WHERE code = ? AND customer_id = ?", [code, customerId])?[0] ?? 0
    }
}
