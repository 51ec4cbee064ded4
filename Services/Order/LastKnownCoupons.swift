import Contracts
import ServiceLifecycle

/// Keeps ``CouponNeighbour``'s last known rules. Coupon is optional: nothing waits for the first of them.
struct LastKnownCoupons: Service {
    let coupon: CouponNeighbour
    /// How often all rules are read.
    let refreshEvery: Duration

    func prepare() async { _ = await coupon.lastKnown.load() }

    func run() async throws {
        await cancelWhenGracefulShutdown { await coupon.lastKnown.keep(every: refreshEvery) { await coupon.rules(after: $0) } }
    }
}
