import Contracts

@testable import OrderService

/// `ReconcileCoupon`.
extension OrderProcess {
    private static let most = (claims: 5, lines: 8)

    /// An answer of coupon's says which epoch of its store has begun.
    func heard(epoch: Int64) {
        guard epoch > shop.couponEpoch else { return }
        shop.couponEpoch = epoch
        reconcileCoupon()
    }

    /// Tells coupon everything, until it says that this is all. An epoch that begins meanwhile is gone through by itself.
    func reconcileCoupon() { reconcile(shop.couponEpoch, after: nil) }

    private func reconcile(_ epoch: Int64, after: String?) {
        guard epoch == shop.couponEpoch else { return }
        read { disk in
            ReconciliationRequest(
                epoch: epoch, after: after, of: disk.couponUses(after: after ?? "", limit: Self.most.claims), most: Self.most
            ) { disk.order($0) }
        } then: { [self] request in
            ask(shop.coupon, .reconcile(request), "*") { [self] result in
                guard case .success(.reconciliation(let isPending)) = result else {
                    world.after(1000, in: host) { [self] in reconcile(epoch, after: nil) }
                    return
                }
                if isPending, let upTo = request.upTo { reconcile(epoch, after: upTo) }
            }
        }
    }
}
