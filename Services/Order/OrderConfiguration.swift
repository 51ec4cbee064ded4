package import Runtime

/// Every knob of the order service; the only file here that reads settings.
package struct OrderConfiguration: ServiceConfiguration {
    var inventoryURL: String
    var paymentURL: String
    var couponURL: String
    var notificationURL: String
    /// What a customer waits for `POST /orders` at most.
    var orderBudget: Duration
    var inventoryTimeout: Duration
    var couponTimeout: Duration
    var paymentTimeout: Duration
    var notificationTimeout: Duration
    /// Each call that no customer waits for.
    var backgroundTimeout: Duration
    /// After this, an order that could not be finished is undone and cancelled.
    var acceptedMaxAge: Duration

    package init(reading settings: inout Settings) {
        inventoryURL = settings.url("INVENTORY_URL", default: "http://127.0.0.1:8084", "where inventory is")
        paymentURL = settings.url("PAYMENT_URL", default: "http://127.0.0.1:8082", "where payment is")
        couponURL = settings.url("COUPON_URL", default: "http://127.0.0.1:8083", "where coupon is")
        notificationURL = settings.url("NOTIFICATION_URL", default: "http://127.0.0.1:8085", "where notification is")
        let calls: ClosedRange<Duration> = .milliseconds(1)...(.seconds(60))
        // Three of them in a row must end within the ten seconds that a process has to stop.
        let background: ClosedRange<Duration> = .milliseconds(1)...(.seconds(3))
        orderBudget = settings.duration(
            "ORDER_BUDGET", default: .seconds(1), in: calls, "what a customer waits for an order at most")
        inventoryTimeout = settings.duration(
            "INVENTORY_TIMEOUT", default: .milliseconds(500), in: calls, "longest reservation while a customer waits")
        couponTimeout = settings.duration(
            "COUPON_TIMEOUT", default: .milliseconds(200), in: calls, "longest redemption while a customer waits")
        paymentTimeout = settings.duration(
            "PAYMENT_TIMEOUT", default: .seconds(1), in: calls, "longest capture while a customer waits")
        notificationTimeout = settings.duration(
            "NOTIFICATION_TIMEOUT", default: .seconds(2), in: background, "longest delivery of one event")
        backgroundTimeout = settings.duration(
            "BACKGROUND_TIMEOUT", default: .seconds(2), in: background, "longest call that no customer waits for")
        acceptedMaxAge = settings.duration(
            "ACCEPTED_MAX_AGE", default: .seconds(86_400), in: .seconds(1)...(.seconds(864_000)),
            "age at which an unfinished order is undone and cancelled")
    }
}
