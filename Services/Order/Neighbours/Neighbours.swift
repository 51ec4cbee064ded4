import Contracts
import Runtime
import ServingPath
import Transport

/// The services that this one asks: its serving path, one client each.
struct Neighbours: Sendable {
    let path: ServingPath
    let inventory: InventoryNeighbour
    let payment: PaymentNeighbour
    let coupon: CouponNeighbour
    let notification: NotificationNeighbour

    init(configuration: OrderConfiguration, environment: ServiceEnvironment, coupons: LastKnown<Coupon>) throws {
        func neighbour(_ url: String) -> Neighbour {
            Neighbour(baseURL: url, token: environment.common.serviceToken, http: environment.http)
        }
        path = ServingPath(environment: environment.path)
        inventory = try InventoryNeighbour(
            neighbour(configuration.inventoryURL), on: path, protection: configuration.inventory)
        payment = try PaymentNeighbour(neighbour(configuration.paymentURL), on: path, protection: configuration.payment)
        coupon = try CouponNeighbour(
            neighbour(configuration.couponURL), on: path, protection: configuration.coupon, lastKnown: coupons)
        notification = try NotificationNeighbour(
            neighbour(configuration.notificationURL), on: path, protection: configuration.notification)
    }
}
