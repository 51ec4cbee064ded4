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
        func client(_ name: String, _ settings: OrderConfiguration.Dependency) throws -> ServiceClient {
            let faults =
                try settings.faults.isEmpty
                ? nil : ClientFaults(settings.faults, environment: environment.faults(named: name))
            return ServiceClient(
                service: name, baseURL: settings.url, token: environment.common.serviceToken,
                http: environment.http, faults: faults, peers: environment.peers)
        }
        path = CriticalPath(environment: environment.path)
        inventory = try InventoryClient(
            client("inventory", configuration.inventory), on: path,
            protection: configuration.inventory.protection)
        payment = try PaymentClient(
            client("payment", configuration.payment), on: path, protection: configuration.payment.protection)
        let rules = try DependencyCache<Coupon>(
            .coupons, store: store, maximumAge: configuration.couponsMaxAge, time: environment.time,
            wall: environment.wall
        ) { $0.code }
        coupon = try CouponClient(
            client("coupon", configuration.coupon), on: path, protection: configuration.coupon.protection,
            cached: rules)
        notification = try NotificationClient(
            client("notification", configuration.notification), on: path,
            protection: configuration.notification.protection)
        let products = try DependencyCache<Product>(
            .products, store: store, maximumAge: configuration.catalogueMaxAge, time: environment.time,
            wall: environment.wall
        ) { $0.sku }
        catalogue = CatalogueCache(
            products, inventory: inventory, refreshEvery: configuration.catalogueRefresh,
            timeout: configuration.catalogueTimeout, time: environment.time)
    }
}
