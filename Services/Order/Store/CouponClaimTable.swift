import Contracts
import GRDB
import Mutants
import Storage

/// The claims of customers' orders on coupons, by what is known here.
enum CouponClaimTable {
    static let migration = Store.Migration(
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

    static let states = Store.Migration(
        "coupon-uses-2",
        """
        ALTER TABLE coupon_uses ADD COLUMN state TEXT NOT NULL DEFAULT 'given' CHECK (state IN
            ('asked', 'held', 'estimated', 'owed', 'to-record', 'to-redeem', 'given', 'lost', 'to-release'))
        """
    )

    static let byOrder = Store.Migration(
        "coupon-uses-3", "CREATE INDEX coupon_uses_by_order ON coupon_uses (order_id, state)")

    /// Follows the order that has just been saved, so that claims are a function of the orders on disk. What
    /// is still to be released stays until it has been.
    static func keep(_ database: Database, of order: Order) throws {
        guard let coupon = order.coupon else { return }
        if let state = order.couponClaim { return try keep(database, order.id, coupon, as: state) }
        try database.run(
            """
            DELETE FROM coupon_uses
            WHERE code = ? AND customer_id = ? AND order_id = ? AND state <> 'to-release'
            """,
            [coupon.code, coupon.customerId, order.id])
    }

    /// The order has come to nothing, and its redemption is to be released.
    static func release(_ database: Database, of order: Order) throws {
        guard let coupon = order.coupon, order.mayHoldCoupon, !Mutant.isOn(.forgetsWhatIsToBeReleased)
        else { return }
        try keep(database, order.id, coupon, as: .toRelease)
    }

    private static func keep(
        _ database: Database, _ orderId: String, _ coupon: CustomerCoupon, as state: CouponClaim.State
    ) throws {
        try database.run(
            """
            INSERT INTO coupon_uses (code, customer_id, order_id, state) VALUES (?, ?, ?, ?)
            ON CONFLICT (code, customer_id, order_id) DO UPDATE SET state = excluded.state
            """,
            [coupon.code, coupon.customerId, orderId, state.rawValue])
    }

    /// The order's redemption was released.
    static func released(_ database: Database, orderId: String) throws {
        try database.run("DELETE FROM coupon_uses WHERE order_id = ? AND state = 'to-release'", [orderId])
    }

    /// All claims of a customer on a coupon, by order id.
    static func claims(_ database: Database, _ coupon: CustomerCoupon) throws -> [CouponClaim] {
        try database.rows(
            "SELECT order_id, state FROM coupon_uses WHERE code = ? AND customer_id = ? ORDER BY order_id",
            [coupon.code, coupon.customerId]
        ).compactMap(claim)
    }

    /// Claims of all customers on all coupons, by order id, from the first after `after`.
    static func claims(_ database: Database, after: String, limit: Int) throws -> [CouponClaim] {
        try database.rows(
            "SELECT order_id, state FROM coupon_uses WHERE order_id > ? ORDER BY order_id LIMIT ?",
            [after, limit]
        ).compactMap(claim)
    }

    private static func claim(_ row: Row) -> CouponClaim? {
        CouponClaim.State(rawValue: row[1]).map { CouponClaim(orderId: row[0], state: $0) }
    }

    /// Orders of the customer that waited for one that hadn't ended: their coupon is still to be made good.
    static func leftWaiting(_ database: Database, by order: Order) throws -> [String] {
        guard let coupon = order.coupon else { return [] }
        return try database.rows(
            """
            SELECT order_id FROM coupon_uses
            WHERE code = ? AND customer_id = ? AND state IN ('to-record', 'to-redeem') AND NOT EXISTS (
                SELECT 1 FROM queue WHERE key = order_id AND kind IN ('repair-coupon', 'refund-coupon'))
            """,
            [coupon.code, coupon.customerId]
        ).map { $0[0] }
    }
}
