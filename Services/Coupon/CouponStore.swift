import Contracts
import Foundation
import GRDB
import Storage

/// Coupons and redemptions on disk; the only SQL of this service.
enum CouponStore {
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

    /// The epoch of the store in which it was last known to be complete.
    static let reconciliation = Store.Migration(
        "reconciliation-1",
        """
        CREATE TABLE reconciliation (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            epoch INTEGER NOT NULL
        ) STRICT;
        INSERT INTO reconciliation VALUES (1, 0)
        """
    )

    /// A list's order is in each: the key of a table without row ids ends its indexes.
    static let lists = Store.Migration(
        "redemption-lists-1",
        """
        CREATE INDEX redemptions_customer ON redemptions (customer_id);
        CREATE INDEX redemptions_code ON redemptions (code);
        CREATE INDEX redemptions_status ON redemptions (status);
        """
    )

    /// A redemption, and the basket that it was made for.
    struct Stored: Sendable {
        var redemption: Redemption
        /// Empty for a tombstone.
        var items: [PricedItem]
    }

    /// What a list of redemptions is asked for; nil asks for all.
    struct Filter: Sendable {
        var code: String?
        var customerId: String?
        var orderId: String?
        var status: RedemptionStatus?
    }

    static func isEmpty(_ database: Database) throws -> Bool {
        try database.row("SELECT 1 FROM coupons LIMIT 1") == nil
    }

    static func insert(_ database: Database, _ coupon: Coupon) throws {
        try database.run(
            """
            INSERT INTO coupons (code, amount_off, currency, limit_per_customer, eligible_skus, valid_until, offline)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                coupon.code, coupon.amountOff, coupon.currency, coupon.limitPerCustomer,
                coupon.eligibleSkus.joined(separator: " "), coupon.validUntil?.milliseconds, coupon.offline,
            ])
    }

    static func coupons(_ database: Database) throws -> [Coupon] {
        try database.rows(
            "SELECT code, amount_off, currency, limit_per_customer, eligible_skus, valid_until, offline FROM coupons"
        ).map { row in
            let skus: String = row[4]
            let validUntil: Int64? = row[5]
            return Coupon(
                code: row[0], amountOff: row[1], currency: row[2], limitPerCustomer: row[3],
                eligibleSkus: skus.split(separator: " ").map(String.init),
                validUntil: validUntil.map(Timestamp.init(milliseconds:)), offline: row[6])
        }
    }

    private static let columns = "order_id, customer_id, code, discount, status, at"

    static func redemption(_ database: Database, orderId: String) throws -> Stored? {
        guard let row = try database.row("SELECT \(columns), items FROM redemptions WHERE order_id = ?", [orderId]) else {
            return nil
        }
        let items: Data? = row[6]
        return Stored(
            redemption: try redemption(row), items: try items.map { try JSON.decode([PricedItem].self, from: $0) } ?? [])
    }

    /// How often the customer uses the coupon now; released redemptions don't count.
    static func activeUses(_ database: Database, code: String, customerId: String) throws -> Int {
        try database.row(
            "SELECT count(*) FROM redemptions WHERE code = ? AND customer_id = ? AND status = 'active'", [code, customerId]
        )?[0] ?? 0
    }

    static func insert(_ database: Database, _ redemption: Redemption, items: [PricedItem]) throws {
        try database.run(
            "INSERT INTO redemptions (\(columns), items) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                redemption.orderId, redemption.customerId, redemption.code, redemption.discount,
                redemption.status.rawValue, redemption.at.milliseconds, try JSON.encode(items),
            ])
    }

    /// The order's redemption as released; a tombstone of this moment where there was none.
    static func release(_ database: Database, orderId: String, at now: Timestamp) throws -> Redemption {
        let row = try database.row(
            """
            INSERT INTO redemptions (order_id, discount, status, at) VALUES (?, 0, 'released', ?)
            ON CONFLICT (order_id) DO UPDATE SET status = 'released'
            RETURNING \(columns)
            """,
            [orderId, now.milliseconds])
        guard let row else { throw StoreError.failed(reason: "an upsert returned nothing") }
        return try redemption(row)
    }

    /// Whether redemptions may be missing: a loss was accepted since they were last known to be complete.
    static func isPending(_ database: Database, epoch: Int64) throws -> Bool {
        try database.row("SELECT epoch FROM reconciliation")?[0] != epoch
    }

    static func reconciled(_ database: Database, epoch: Int64) throws {
        try database.run("UPDATE reconciliation SET epoch = ?", [epoch])
    }

    /// Ids of the orders after `after` and up to `upTo` that use a coupon now.
    static func active(_ database: Database, after: String, upTo: String?) throws -> [String] {
        let end = upTo.map { _ in "AND order_id <= ?" } ?? ""
        return try database.rows(
            "SELECT order_id FROM redemptions WHERE status = 'active' AND order_id > ? \(end)",
            StatementArguments([after] + (upTo.map { [$0] } ?? []))
        ).map { $0[0] }
    }

    /// By order id from the greatest down, which is newest first for ids that begin with their time.
    static func redemptions(
        _ database: Database, _ filter: Filter, after: String?, limit: Int
    ) throws -> [Redemption] {
        let conditions = ListConditions(
            [
                "order_id": filter.orderId, "customer_id": filter.customerId, "code": filter.code,
                "status": filter.status?.rawValue,
            ], from: ("order_id < ?", after))
        return try database.rows(
            "SELECT \(columns) FROM redemptions \(conditions.sql) ORDER BY order_id DESC LIMIT ?",
            conditions.arguments(limit: limit)
        ).map(redemption)
    }

    private static func redemption(_ row: Row) throws -> Redemption {
        guard let status = RedemptionStatus(rawValue: row[4]) else {
            throw StoreError.failed(reason: "a redemption has an unknown status")
        }
        return Redemption(
            orderId: row[0], customerId: row[1], code: row[2], discount: row[3], status: status,
            at: Timestamp(milliseconds: row[5]))
    }
}
