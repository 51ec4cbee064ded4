import Contracts
import Storage
import Transport

/// Brings a store from which redemptions may be missing up to what order knows, a stretch of its orders at a time.
///
/// A start with `--accept-loss` begins a new epoch of the store. From then on nothing new is redeemed until order has gone
/// through all of its orders: a coupon that looks unused may have been used, and one that looks used may have been given back.
/// For a customer that is an outage of coupon.
struct Reconcile: Sendable {
    let store: Store
    let book: CouponBook
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``Problem`` where the request is of another epoch.
    func callAsFunction(_ request: ReconciliationRequest) async throws -> ReconciliationAnswer {
        let epoch = store.mark.epoch
        guard request.epoch == epoch else {
            throw Problem(409, "other-epoch", "The store is of another epoch", "Epoch \(epoch) of this store has begun.")
        }
        let now = wall()
        return try await store.write("reconciliation") { [book] database in
            // What comes late may be older than what has happened since.
            guard try CouponStore.isPending(database, epoch: epoch) else { return ReconciliationAnswer(isPending: false) }
            let known = Set(request.redemptions.map(\.request.orderId) + request.undecided)
            let active = try CouponStore.active(database, after: request.after ?? "", upTo: request.upTo)
            for id in active where !known.contains(id) {
                _ = try CouponStore.release(database, orderId: id, at: now)
            }
            for confirmed in request.redemptions {
                // What is there stays, also where it was released: order may not have known of that yet.
                guard try CouponStore.redemption(database, orderId: confirmed.request.orderId) == nil,
                    let rule = book.rule(confirmed.request.code)
                else { continue }
                let redemption = Redemption(
                    orderId: confirmed.request.orderId, customerId: confirmed.request.customerId, code: rule.coupon.code,
                    discount: confirmed.discount, status: .active, at: confirmed.request.at)
                try CouponStore.insert(database, redemption, items: Redeem.merged(confirmed.request.items))
            }
            if request.upTo == nil { try CouponStore.reconciled(database, epoch: epoch) }
            return ReconciliationAnswer(isPending: request.upTo != nil)
        }
    }
}
