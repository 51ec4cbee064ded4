import Contracts

/// A coupon, and how a basket is judged by it.
struct CouponRule: Sendable {
    /// Minor units; keeps every sum of a basket far from overflow.
    static let largestAmount = 1_000_000_000_000

    let coupon: Coupon
    private let eligible: Set<String>

    init(_ coupon: Coupon) {
        self.coupon = coupon
        eligible = Set(coupon.eligibleSkus)
    }

    /// `amountOff`, at most the subtotal of the eligible lines.
    func discount(for items: [PricedItem], at moment: Timestamp) throws(CouponRefusal) -> Int {
        if let end = coupon.validUntil, moment > end { throw .expired }
        let lines = items.filter { eligible.contains($0.sku) }
        guard !lines.isEmpty else { throw .notEligible }
        // Cut at each line, so that no basket, however dear, overflows.
        return lines.reduce(0) { min(coupon.amountOff, $0 + $1.quantity * $1.unitPrice) }
    }
}

/// Why a coupon isn't honoured, in the words that callers get as `reason`.
enum CouponRefusal: String, Error {
    case unknown = "unknown coupon"
    case expired = "expired"
    case notEligible = "no eligible item"
    case usedUp = "used up"
}
