import Runtime
import Transport

/// The services that this one asks, one client each.
struct Neighbours: Sendable {
    let inventory: InventoryNeighbour
    let payment: PaymentNeighbour
    let coupon: CouponNeighbour
    let notification: NotificationNeighbour

    init(configuration: OrderConfiguration, environment: ServiceEnvironment) {
        func neighbour(_ name: String, _ url: String) -> Neighbour {
            Neighbour(name: name, baseURL: url, token: environment.common.serviceToken, http: environment.http)
        }
        inventory = InventoryNeighbour(neighbour: neighbour("inventory", configuration.inventoryURL))
        payment = PaymentNeighbour(neighbour: neighbour("payment", configuration.paymentURL))
        coupon = CouponNeighbour(neighbour: neighbour("coupon", configuration.couponURL))
        notification = NotificationNeighbour(neighbour: neighbour("notification", configuration.notificationURL))
    }
}
