import Contracts
import Resilience
package import Runtime
import ServingPath

/// Every knob of the order service; the only file here that reads settings.
package struct OrderConfiguration: ServiceConfiguration {
    var inventoryURL: String
    var paymentURL: String
    var couponURL: String
    var notificationURL: String
    /// What a customer waits for `POST /orders` at most.
    var orderBudget: Duration
    var inventory: Protection
    var payment: Protection
    var coupon: Protection
    var notification: Protection
    var inventoryFaults: [Fault]
    var paymentFaults: [Fault]
    var couponFaults: [Fault]
    var notificationFaults: [Fault]
    /// After this, an order that could not be finished is undone and cancelled.
    var acceptedMaxAge: Duration
    /// Older prices and stock are not used, however long inventory is out.
    var catalogueMaxAge: Duration
    var catalogueRefresh: Duration
    /// What the first start waits for inventory's catalogue at most.
    var catalogueTimeout: Duration
    /// Older coupon rules are not used, however long coupon is out.
    var couponsMaxAge: Duration
    var couponsRefresh: Duration
    /// Percent of the last known stock that is not promised without inventory.
    var stockMargin: Int
    /// How long a message stays with a worker that gives no sign of life.
    var queueLease: Duration
    /// Messages that wait at most before new orders are refused.
    var queueCapacity: Int
    /// How long an order and its idempotency keys are kept; nil: for ever.
    var retention: Duration?

    package init(reading settings: inout Settings) {
        inventoryURL = settings.url(of: .inventory)
        paymentURL = settings.url(of: .payment)
        couponURL = settings.url(of: .coupon)
        notificationURL = settings.url(of: .notification)
        inventory = settings.protection("INVENTORY", default: InventoryClient.protection)
        payment = settings.protection("PAYMENT", default: PaymentClient.protection)
        coupon = settings.protection("COUPON", default: CouponClient.protection)
        notification = settings.protection("NOTIFICATION", default: NotificationClient.protection)
        inventoryFaults = settings.faults("INVENTORY")
        paymentFaults = settings.faults("PAYMENT")
        couponFaults = settings.faults("COUPON")
        notificationFaults = settings.faults("NOTIFICATION")
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
            "CATALOGUE_PATIENCE", default: .seconds(2), in: .zero ... .seconds(60),
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

    /// For comparison, with the protections off: all the timeout there is, and nothing to fall back on.
    var switchedOff: OrderConfiguration {
        var naive = self
        naive.orderBudget = .seconds(30)
        naive.catalogueMaxAge = .nanoseconds(1)
        naive.couponsMaxAge = .nanoseconds(1)
        return naive
    }
}
