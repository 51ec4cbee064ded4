import Contracts
import Resilience
import Runtime
import ServingPath
import Storage
import Transport

/// The services that this one asks: its serving path, with one client each, and what takes an answer's place.
struct Dependencies: Sendable {
    let path: CriticalPath
    let inventory: InventoryClient
    let payment: PaymentClient
    let coupon: CouponClient
    let notification: NotificationClient
    let catalogue: CatalogueCache

    init(configuration: OrderConfiguration, environment: ServiceEnvironment, store: Store) throws {
        func client(_ name: String, _ url: String, _ faults: [Fault]) throws -> ServiceClient {
            ServiceClient(
                service: name, baseURL: url, token: environment.common.serviceToken, http: environment.http,
                faults: faults.isEmpty
                    ? nil : try ClientFaults(faults, environment: environment.faults(named: name)),
                peers: environment.peers)
        }
        path = CriticalPath(environment: environment.path)
        inventory = try InventoryClient(
            client("inventory", configuration.inventoryURL, configuration.inventoryFaults), on: path,
            protection: configuration.inventory)
        payment = try PaymentClient(
            client("payment", configuration.paymentURL, configuration.paymentFaults), on: path,
            protection: configuration.payment)
        let rules = try DependencyCache<Coupon>(
            .coupons, store: store, maximumAge: configuration.couponsMaxAge, time: environment.time,
            wall: environment.wall
        ) { $0.code }
        coupon = try CouponClient(
            client("coupon", configuration.couponURL, configuration.couponFaults), on: path,
            protection: configuration.coupon, cached: rules)
        notification = try NotificationClient(
            client("notification", configuration.notificationURL, configuration.notificationFaults), on: path,
            protection: configuration.notification)
        let products = try DependencyCache<Product>(
            .products, store: store, maximumAge: configuration.catalogueMaxAge, time: environment.time,
            wall: environment.wall
        ) { $0.sku }
        catalogue = CatalogueCache(
            products, inventory: inventory, refreshEvery: configuration.catalogueRefresh,
            timeout: configuration.catalogueTimeout, time: environment.time)
    }
}
