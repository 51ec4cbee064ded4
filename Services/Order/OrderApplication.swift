import Contracts
import Logging
package import Queue
import Resilience
package import Runtime
package import ServiceLifecycle
package import ServingPath
package import Storage
package import Transport

/// Takes orders, walks the critical serving path, and leaves to its outbox what isn't time-critical.
package struct OrderApplication: ServiceApplication {
    package static let name = ServiceName.order.rawValue
    package static var openAPI: [UInt8] { PackageResources.openapi_json }

    package let store: Store
    package let queue: DurableQueue
    package let routes: [Route]
    package let background: [any Service]
    package let retentions: [Retention]
    package let path: CriticalPath
    private let logger: Logger
    private let catalogue: CatalogueCache
    private let coupons: CouponRuleRefresh

    package init(configuration: OrderConfiguration, environment: ServiceEnvironment) throws {
        logger = environment.logger
        let isNaive = environment.common.mode == .naive
        let configuration = isNaive ? configuration.switchedOff : configuration
        store = try environment.store(Self.name, migrations: Self.migrations)
        queue = DurableQueue(
            store: store, wall: { environment.wall().milliseconds }, time: environment.time,
            capacity: configuration.queueCapacity)
        let dependencies = try Dependencies(
            configuration: configuration, environment: environment, store: store)
        path = dependencies.path
        catalogue = dependencies.catalogue
        coupons = CouponRuleRefresh(coupon: dependencies.coupon, refreshEvery: configuration.couponsRefresh)
        let useCases = OrderUseCases(
            configuration, environment, dependencies,
            store: OrderStore(
                store: store, queue: queue, stockMargin: configuration.stockMargin, logger: logger))
        routes = useCases.routes
        var policy = QueueWorkers.Policy()
        policy.lease = configuration.queueLease
        let workers = QueueWorkers(
            queue: queue, lanes: useCases.outbox.lanes, policy: policy,
            share: { [shedder = environment.shedder] in shedder?.backgroundShare ?? 1 },
            tracer: environment.tracer, logger: logger)
        retentions = [
            Retention("orders", keptFor: configuration.retention) {
                try OrderTable.deleteOld($0, until: $1, past: $2, limit: $3)
            }
        ]
        background = [useCases.expire, catalogue, coupons, useCases.reconcile, workers]
    }

    package func prepare() async throws {
        logger.notice(
            "customers are not authenticated: every client that reaches this port can place and see orders")
        await coupons.prepare()
        await catalogue.prepare()
    }
}
