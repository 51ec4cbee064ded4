/// What this service refuses.
enum CouponError: Error, Sendable, Equatable {
    case unknownCoupon(code: String)
    case refused(CouponRefusal, code: String)
    /// The order's redemption was released before.
    case voided(orderId: String)
    case otherContents(orderId: String)
    /// Redemptions may be missing.
    case reconciling
    /// The request is about an earlier epoch of the store.
    case otherEpoch(Int64)
}

/// Why a coupon isn't honoured, in the words that callers get as `reason`.
enum CouponRefusal: String, Sendable {
    case unknown = "unknown coupon"
    case expired = "expired"
    case notEligible = "no eligible item"
    case usedUp = "used up"
}
