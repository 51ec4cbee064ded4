import Contracts
import Resilience
package import Runtime
import ServingPath

/// Every setting of the order service; the only file here that reads settings.
package struct OrderConfiguration: ServiceConfiguration {
    /// Where a dependency is, the numbers of its policies, and faults on the way to it.
    struct Dependency {
        var url: String
        var protection: Protection
        var faults: [Fault]

        init(_ service: ServiceName, _ protection: Protection, reading settings: inout Settings) {
            let key = service.settingPrefix
            url = settings.url(of: service)
            self.protection = settings.protection(key, default: protection)
            faults = settings.faults(key)
        }
    }

    var inventory: Dependency
    var payment: Dependency
    var coupon: Dependency
    var notification: Dependency
    // What each means is in its help, below.
    var orderBudget: Duration
    var acceptedMaxAge: Duration
    var catalogueMaxAge: Duration
    var catalogueRefresh: Duration
    var catalogueTimeout: Duration
    var couponsMaxAge: Duration
    var couponsRefresh: Duration
    var stockMargin: Int
    var queueLease: Duration
    var queueCapacity: Int
    /// Nil: for ever.
    var retention: Duration?

    package init(reading settings: inout Settings) {
        inventory = Dependency(.inventory, InventoryClient.protection, reading: &settings)
        payment = Dependency(.payment, PaymentClient.protection, reading: &settings)
        coupon = Dependency(.coupon, CouponClient.protection, reading: &settings)
        notification = Dependency(.notification, NotificationClient.protection, reading: &settings)
        orderBudget = settings.duration(
            "ORDER_BUDGET", default: .seconds(1), in: .milliseconds(1)...(.seconds(60)),
            "what a customer waits for an order at most")
        acceptedMaxAge = settings.duration(
            "ACCEPTED_MAX_AGE", default: .seconds(86_400), in: .seconds(1)...(.seconds(864_000)),
            "age at which an unfinished order is undone and cancelled; less than inventory's RESERVATION_TTL")
        catalogueMaxAge = settings.duration(
            "CATALOGUE_MAX_AGE", default: .seconds(86_400), in: .seconds(1)...(.seconds(864_000)),
            "age at which the last known prices and stock are not used any more")
        catalogueRefresh = settings.duration(
            "CATALOGUE_REFRESH", default: .seconds(300), in: .milliseconds(10)...(.seconds(86_400)),
            "how often inventory's catalogue is read, for when it can't be had")
        catalogueTimeout = settings.duration(
            "CATALOGUE_TIMEOUT", default: .seconds(2), in: .zero ... .seconds(60),
            "how long a start without any known catalogue waits for it")
        couponsMaxAge = settings.duration(
            "COUPONS_MAX_AGE", default: .seconds(86_400), in: .seconds(1)...(.seconds(864_000)),
            "age at which the last known coupon rules are not used any more")
        couponsRefresh = settings.duration(
            "COUPONS_REFRESH", default: .seconds(300), in: .milliseconds(10)...(.seconds(86_400)),
            "how often the coupon rules are read, for when coupon can't be had")
        stockMargin = settings.integer(
            "STOCK_MARGIN", default: 10, in: 0...100,
            "percent of the last known stock that is not promised while inventory can't be had")
        queueLease = settings.duration(
            "QUEUE_LEASE", default: .seconds(30), in: .milliseconds(100)...(.seconds(3600)),
            "how long a message stays with a worker that gives no sign of life")
        queueCapacity = settings.integer(
            "QUEUE_CAPACITY", default: 1_000_000, in: 1...100_000_000,
            "messages that wait at most before new orders are refused (503 overloaded)")
        retention = settings.retention(
            "ORDER_RETENTION", default: nil, "how long a finished order and its idempotency keys are kept")
    }

    /// For comparison, with the protections off: long timeouts, and nothing to fall back on.
    var switchedOff: OrderConfiguration {
        var naive = self
        naive.orderBudget = .seconds(30)
        naive.catalogueMaxAge = .nanoseconds(1)
        naive.couponsMaxAge = .nanoseconds(1)
        return naive
    }
}
