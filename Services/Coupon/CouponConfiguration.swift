import Contracts
package import Runtime

/// Every setting of the coupon service; the only file here that reads settings.
package struct CouponConfiguration: ServiceConfiguration {
    /// A seeded coupon that doesn't say whether it may be honoured offline may be, up to this discount in
    /// minor units.
    var offlineLimit: Int

    package init(reading settings: inout Settings) {
        offlineLimit = settings.integer(
            "COUPON_OFFLINE_LIMIT", default: 500, in: 0...RedemptionRequest.largestAmount,
            "largest discount that is honoured offline where coupons.csv doesn't say")
    }
}
