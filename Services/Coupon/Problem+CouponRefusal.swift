import Contracts
import Transport

extension Problem {
    static let reconciling = unavailable(
        "reconciling", "Redemptions may be missing",
        "A loss of this store was accepted; until order has told what it knows, nothing new is redeemed.")

    static func couponRefused(_ refusal: CouponRefusal, code: String) -> Problem {
        let document =
            switch refusal {
            case .usedUp:
                ProblemDocument(
                    status: 409, code: "coupon-used", title: "The coupon was used",
                    detail: "The customer has used coupon \(code.excerpt()) as often as its limit allows.",
                    reason: refusal.rawValue)
            case .unknown, .expired, .notEligible:
                ProblemDocument(
                    status: 422, code: "coupon-refused", title: "The coupon was refused",
                    detail: "Coupon \(code.excerpt()) can't be redeemed for this order: \(refusal.rawValue).",
                    reason: refusal.rawValue)
            }
        return Problem(document)
    }
}
