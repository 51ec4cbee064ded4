import Contracts
import Runtime
import Transport

/// Loads `SEED_DIR/coupons.csv` into a store without coupons; without `SEED_DIR` there are none.
struct SeedCoupons: Sendable {
    let coupons: CouponStore
    let folder: String?
    let offlineLimit: Int

    /// - Throws: ``StartError`` that names the file and the line; nothing was loaded then.
    func callAsFunction() async throws {
        guard let folder, try await coupons.coupons().isEmpty else { return }
        try await coupons.insert(Self.coupons(in: folder, offlineLimit: offlineLimit))
    }

    private static func coupons(in folder: String, offlineLimit: Int) throws(StartError) -> [Coupon] {
        let columns = ["code", "amount_off", "limit_per_customer", "eligible_skus"]
        return try CSV.seeds("coupons.csv", in: folder, columns: columns) { record throws(CSV.Malformed) in
            let amount = try record.number("amount_off", in: 1...RedemptionRequest.largestAmount, of: "cents")
            let offline = try record.optional("offline", "must be true, false or empty") {
                Bool($0.lowercased())
            }
            return Coupon(
                code: record["code"], amountOff: amount, currency: "USD",
                limitPerCustomer: try record.number("limit_per_customer", in: 1...1_000_000),
                eligibleSkus: try eligibleSkus(record),
                // A day counts to its end in UTC.
                validUntil: try record.optional(
                    "valid_until", "must be an RFC 3339 time or date, or empty for a coupon without end"
                ) { Timestamp($0) ?? Timestamp($0 + "T23:59:59.999Z") },
                offline: offline ?? (amount <= offlineLimit))
        }
    }

    /// Bytes. A rule is read as a whole by services that keep it for an outage.
    private static let largestList = 300_000

    private static func eligibleSkus(_ record: CSV.Record) throws(CSV.Malformed) -> [String] {
        let skus = record["eligible_skus"].split(separator: " ").map(String.init)
        guard !skus.isEmpty, skus.allSatisfy(FieldCheck.isText) else {
            throw record.malformed(
                "eligible_skus", "must list SKUs of at most 255 characters with spaces between them")
        }
        guard record["eligible_skus"].utf8.count <= largestList else {
            throw record.malformed("eligible_skus", "must have at most \(largestList) bytes")
        }
        return skus
    }
}
