import Contracts
import Foundation
import GRDB
import Mutants
import Storage

/// The table of redemptions; ``CouponTable`` makes it.
enum RedemptionTable {
    /// A list's order is in each: the key of a table without row ids ends its indexes.
    static let lists = Store.Migration(
        "redemption-lists-1",
        """
        CREATE INDEX redemptions_customer ON redemptions (customer_id);
        CREATE INDEX redemptions_code ON redemptions (code);
        CREATE INDEX redemptions_status ON redemptions (status);
        """
    )

    private static let columns = "order_id, customer_id, code, discount, status, at"

    /// With its basket, which is empty for a tombstone.
    static func redemption(_ database: Database, orderId: String) throws -> (
        redemption: Redemption, items: [PricedItem]
    )? {
        try database.row("SELECT \(columns), items FROM redemptions WHERE order_id = ?", [orderId]).map {
            let items: Data? = $0[6]
            return (try redemption($0), try items.map { try JSON.decode([PricedItem].self, from: $0) } ?? [])
        }
    }

    /// How often the customer uses the coupon now; released redemptions don't count.
    static func uses(_ database: Database, code: String, customerId: String) throws -> Int {
        try database.row(
            "SELECT count(*) FROM redemptions WHERE code = ? AND customer_id = ? AND status = 'active'",
            [code, customerId]
        )?[0] ?? 0
    }

    static func insert(_ database: Database, _ redemption: Redemption, items: [PricedItem]) throws {
        try database.run(
            "INSERT INTO redemptions (\(columns), items) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                redemption.orderId, redemption.customerId, redemption.code, redemption.discount,
                redemption.status.rawValue, redemption.at, try JSON.encode(items),
            ])
    }

    /// The order's redemption as released; a tombstone of this moment where there was none.
    static func release(_ database: Database, orderId: String, at now: Timestamp) throws -> Redemption {
        if Mutant.isOn(.couponForgetsReleases) {
            try database.run("DELETE FROM redemptions WHERE order_id = ?", [orderId])
            return Redemption(
                orderId: orderId, customerId: nil, code: nil, discount: 0, status: .released, at: now)
        }
        let row = try database.row(
            """
            INSERT INTO redemptions (order_id, discount, status, at) VALUES (?, 0, 'released', ?)
            ON CONFLICT (order_id) DO UPDATE SET status = 'released'
            RETURNING \(columns)
            """,
            [orderId, now])
        guard let row else { throw StoreError.failed(reason: "an upsert returned nothing") }
        return try redemption(row)
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
    static func list(_ store: Store, where filters: KeysetList.Filters) -> KeysetList {
        KeysetList(store, "SELECT \(columns) FROM redemptions", by: "order_id", .descending, where: filters) {
            .json(try redemption($1))
        }
    }

    private static func redemption(_ row: Row) throws -> Redemption {
        Redemption(
            orderId: row[0], customerId: row[1], code: row[2], discount: row[3], status: try row.choice(4),
            at: row[5])
    }
}
