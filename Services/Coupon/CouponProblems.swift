import Transport

extension CouponError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .unknownCoupon(let code): .notFound("There is no coupon \(code.excerpt()).")
        case .refused(.usedUp, let code):
            Problem(
                409, "coupon-used", "The coupon was used",
                "The customer has used coupon \(code.excerpt()) as often as its limit allows.",
                reason: CouponRefusal.usedUp.rawValue)
        case .refused(let refusal, let code):
            Problem(
                422, "coupon-refused", "The coupon was refused",
                "Coupon \(code.excerpt()) can't be redeemed for this order: \(refusal.rawValue).",
                reason: refusal.rawValue)
        case .voided(let orderId): .voided(orderId: orderId)
        case .otherContents(let orderId):
            .contentsDiffer("Order \(orderId) has redeemed a coupon for another basket, customer or code.")
        case .reconciling:
            .unavailable(
                "reconciling", "Redemptions may be missing",
                """
                A loss of this store was accepted; until order has told what it knows, nothing new is \
                redeemed.
                """)
        case .otherEpoch(let epoch):
            Problem(
                409, "other-epoch", "The store is of another epoch", "Epoch \(epoch) of this store has begun."
            )
        }
    }
}
