import Contracts
import Resilience

/// The rules in memory: they don't change after seeding, so they are read once, when the service starts.
final class CouponBook: Sendable {
    private let rules = Locked<[String: CouponRule]>([:])

    func fill(_ coupons: [Coupon]) {
        let filled = Dictionary(uniqueKeysWithValues: coupons.map { ($0.code, CouponRule($0)) })
        rules.withLock { $0 = filled }
    }

    func rule(_ code: String) -> CouponRule? { rules.withLock { $0[code] } }

    /// By code; those after `code` where given.
    func coupons(after code: String?, limit: Int) -> [Coupon] {
        let all = rules.withLock { $0.values.map(\.coupon) }.sorted { $0.code < $1.code }
        return Array(all.drop { coupon in code.map { coupon.code <= $0 } ?? false }.prefix(limit))
    }
}
