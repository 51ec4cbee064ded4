import Contracts

/// Redeems a coupon for an order: once an order id, and within the customer's limit, whatever is repeated or
/// runs beside it.
struct Redeem: Sendable {
    let coupons: CouponStore
    let book: CouponBook
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``CouponError``; a refusal leaves nothing behind.
    func callAsFunction(_ request: RedemptionRequest) async throws -> Redemption {
        let items = request.items.merged
        let rule = book.rule(request.code)
        let now = wall()
        return try await coupons.redeem(request, items) { known throws(CouponError) in
            try RedemptionDecision.decide(request, items, by: rule, known, at: now)
        }
    }
}
