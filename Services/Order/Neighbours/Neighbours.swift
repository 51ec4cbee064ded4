import Contracts
import Resilience
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
        func neighbour(_ name: String, _ url: String, _ faults: [Fault]) throws -> Neighbour {
            Neighbour(
                service: name, baseURL: url, token: environment.common.serviceToken, http: environment.http,
                faults: faults.isEmpty ? nil : try NeighbourFaults(faults, environment: environment.faults(named: name)),
                peers: environment.peers)
        }
        path = ServingPath(environment: environment.path)
        inventory = try InventoryNeighbour(
            neighbour("inventory", configuration.inventoryURL, configuration.inventoryFaults), on: path,
            protection: configuration.inventory)
        payment = try PaymentNeighbour(
            neighbour("payment", configuration.paymentURL, configuration.paymentFaults), on: path,
            protection: configuration.payment)
        coupon = try CouponNeighbour(
            neighbour("coupon", configuration.couponURL, configuration.couponFaults), on: path,
            protection: configuration.coupon, lastKnown: coupons)
        notification = try NotificationNeighbour(
            neighbour("notification", configuration.notificationURL, configuration.notificationFaults), on: path,
            protection: configuration.notification)
    }
}
