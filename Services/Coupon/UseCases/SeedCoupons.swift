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
        guard let folder, try await coupons.isEmpty() else { return }
        try await coupons.insert(Self.coupons(in: folder, offlineLimit: offlineLimit))
    }

    static func coupons(in folder: String, offlineLimit: Int) throws(StartError) -> [Coupon] {
        var codes: Set<String> = []
        let columns = ["code", "amount_off", "limit_per_customer", "eligible_skus"]
        return try CSV.seeds("coupons.csv", in: folder, columns: columns) { record throws(CSV.Malformed) in
            let coupon = try coupon(record, offlineLimit: offlineLimit)
            guard codes.insert(coupon.code).inserted else {
                throw record.malformed("code", "must stand in one line only")
            }
            return coupon
        }
    }

    private static let largestList = 300_000

    private static func coupon(_ record: CSV.Record, offlineLimit: Int) throws(CSV.Malformed) -> Coupon {
        let code = record["code"]
        guard FieldCheck.isText(code) else { throw record.malformed("code", "must have 1 to 255 characters") }
        let amount = try record.number("amount_off", in: 1...RedemptionRequest.largestAmount, of: "cents")
        let skus = record["eligible_skus"].split(separator: " ").map(String.init)
        guard !skus.isEmpty, skus.allSatisfy(FieldCheck.isText) else {
            throw record.malformed(
                "eligible_skus", "must list SKUs of at most 255 characters with spaces between them")
        }
        // A rule is read as a whole by those who keep it for an outage.
        guard record["eligible_skus"].utf8.count <= largestList else {
            throw record.malformed("eligible_skus", "must have at most \(largestList) bytes")
        }
        return Coupon(
            code: code, amountOff: amount, currency: "USD",
            limitPerCustomer: try record.number("limit_per_customer", in: 1...1_000_000), eligibleSkus: skus,
            validUntil: try validUntil(record), offline: try offline(record) ?? (amount <= offlineLimit))
    }

    /// A day counts to its end in UTC.
    private static func validUntil(_ record: CSV.Record) throws(CSV.Malformed) -> Timestamp? {
        let text = record["valid_until"]
        if text.isEmpty { return nil }
        guard let end = Timestamp(text) ?? Timestamp(text + "T23:59:59.999Z") else {
            throw record.malformed(
                "valid_until", "must be an RFC 3339 time or date, or empty for a coupon without end")
        }
        return end
    }

    /// nil where the file doesn't say.
    private static func offline(_ record: CSV.Record) throws(CSV.Malformed) -> Bool? {
        let text = record["offline"]
        if text.isEmpty { return nil }
        guard let offline = Bool(text.lowercased()) else {
            throw record.malformed("offline", "must be true, false or empty")
        }
        return offline
    }
}
