import Contracts
import ServiceLifecycle
import ServingPath

/// Keeps ``CouponClient``'s cached rules up to date. Coupon is optional: nothing waits for the first of them.
struct CouponRuleRefresh: Service {
    let coupon: CouponClient
    /// How often all rules are read.
    let refreshEvery: Duration

    func prepare() async { _ = await coupon.cached.load() }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await coupon.cached.keep(every: refreshEvery) { await coupon.list.call($0, for: .queue).value }
        }
    }
}
