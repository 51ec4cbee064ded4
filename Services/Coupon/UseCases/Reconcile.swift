import Contracts

/// Brings a store from which redemptions may be missing up to what order knows, a stretch of its orders at a
/// time.
///
/// A start with `--accept-loss` begins a new epoch of the store. From then on nothing new is redeemed until
/// order has gone through all of its orders: a coupon that looks unused may have been used, and one that
/// looks used may have been given back. For a customer that is an outage of coupon.
struct Reconcile: Sendable {
    let coupons: CouponStore
    let book: CouponBook
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``CouponError/otherEpoch(_:)``.
    func callAsFunction(_ request: ReconciliationRequest) async throws -> ReconciliationAnswer {
        guard request.epoch == coupons.epoch else { throw CouponError.otherEpoch(coupons.epoch) }
        // What a rule doesn't know any more is nothing that a customer could use.
        let confirmed = request.redemptions.compactMap { confirmed in
            book.rule(confirmed.request.code).map { rule in
                let redemption = Redemption(
                    orderId: confirmed.request.orderId, customerId: confirmed.request.customerId,
                    code: rule.coupon.code, discount: confirmed.discount, status: .active,
                    at: confirmed.request.at)
                return (redemption, confirmed.request.items.merged)
            }
        }
        let isPending = try await coupons.reconcile(request, confirmed, at: wall())
        return ReconciliationAnswer(isPending: isPending)
    }
}
