import Contracts
import GRDB
import Storage

enum CouponTable {
    static let migration = Store.Migration(
        "coupons-1",
        """
        CREATE TABLE coupons (
            code TEXT NOT NULL PRIMARY KEY,
            amount_off INTEGER NOT NULL CHECK (amount_off > 0),
            currency TEXT NOT NULL,
            limit_per_customer INTEGER NOT NULL CHECK (limit_per_customer > 0),
            eligible_skus TEXT NOT NULL,
            valid_until INTEGER,
            offline INTEGER NOT NULL CHECK (offline IN (0, 1))
        ) STRICT;
        CREATE TABLE redemptions (
            order_id TEXT NOT NULL PRIMARY KEY,
            customer_id TEXT,
            code TEXT REFERENCES coupons (code),
            discount INTEGER NOT NULL CHECK (discount >= 0),
            items BLOB,
            status TEXT NOT NULL CHECK (status IN ('active', 'released')),
            at INTEGER NOT NULL,
            CHECK ((customer_id IS NULL) = (code IS NULL) AND (items IS NULL) = (code IS NULL)),
            CHECK (code IS NOT NULL OR (status = 'released' AND discount = 0))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX redemptions_active ON redemptions (code, customer_id) WHERE status = 'active';
        """
    )

    private static let columns =
        "code, amount_off, currency, limit_per_customer, eligible_skus, valid_until, offline"

    static func insert(_ database: Database, _ coupon: Coupon) throws {
        try database.run(
            "INSERT INTO coupons (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                coupon.code, coupon.amountOff, coupon.currency, coupon.limitPerCustomer,
                coupon.eligibleSkus.joined(separator: " "), coupon.validUntil, coupon.offline,
            ])
    }

    static func coupons(_ database: Database) throws -> [Coupon] {
        try database.rows("SELECT \(columns) FROM coupons").map { row in
            let skus: String = row[4]
            return Coupon(
                code: row[0], amountOff: row[1], currency: row[2], limitPerCustomer: row[3],
                eligibleSkus: skus.split(separator: " ").map(String.init), validUntil: row[5],
                offline: row[6])
        }
    }
}
