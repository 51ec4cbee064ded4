import Contracts
import Logging
package import Queue
import Resilience
package import Runtime
package import ServiceLifecycle
package import ServingPath
package import Storage
package import Transport

/// The front door: takes orders, walks the critical serving path, and leaves to its outbox what isn't
/// time-critical.
package struct OrderApplication: ServiceApplication {
    package static let name = "order"
    package static let defaultPort = 8081
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
        let (wall, time, logger) = (environment.wall, environment.time, environment.logger)
        self.logger = logger
        let configuration = environment.common.mode == .naive ? configuration.switchedOff : configuration
        store = try environment.store(Self.name, migrations: Self.migrations)
        queue = DurableQueue(
            store: store, wall: { wall().milliseconds }, time: time, capacity: configuration.queueCapacity)
        let orders = OrderStore(store: store, queue: queue, stockMargin: configuration.stockMargin)

        let dependencies = try Dependencies(
            configuration: configuration, environment: environment, store: store)
        path = dependencies.path
        catalogue = dependencies.catalogue
        coupons = CouponRuleRefresh(coupon: dependencies.coupon, refreshEvery: configuration.couponsRefresh)

        let turns = CouponTurns(time: time)
        let claim = ClaimCoupon(store: orders, coupon: dependencies.coupon, turns: turns, wall: wall)
        let runCheckout = RunCheckout(
            store: orders, inventory: dependencies.inventory, payment: dependencies.payment, claim: claim,
            catalogue: catalogue,
            reservationLifetime: ReservationLifetime(
                acceptedMaxAge: configuration.acceptedMaxAge, logger: logger),
            isCouponOptional: environment.common.mode == .protected, wall: wall)
        let inFlight = InFlightOrders()
        let isNotificationUnavailable = { @Sendable in dependencies.notification.isOpen }
        let settle = SettleRefund(
            store: orders, payment: dependencies.payment, inventory: dependencies.inventory, wall: wall)

        routes =
            OrderRoutes(
                store: orders,
                place: PlaceOrder(
                    store: orders, runCheckout: runCheckout, inFlight: inFlight, turns: turns,
                    isNotificationUnavailable: isNotificationUnavailable,
                    resumeAfter: configuration.orderBudget + .seconds(1), wall: wall, logger: logger),
                cancel: CancelOrder(store: orders, wall: wall),
                refund: RefundOrder(
                    store: orders, settle: settle, resumeAfter: OrderRoutes.refundBudget + .seconds(1),
                    wall: wall),
                quote: QuoteOrder(
                    store: orders, inventory: dependencies.inventory, coupon: dependencies.coupon,
                    catalogue: catalogue, wall: wall),
                budget: configuration.orderBudget
            ).routes

        let outbox = OrderOutbox(
            finish: FinishOrder(
                store: orders, runCheckout: runCheckout, inFlight: inFlight,
                acceptedMaxAge: configuration.acceptedMaxAge,
                isNotificationUnavailable: isNotificationUnavailable, wall: wall),
            commit: CommitStock(store: orders, inventory: dependencies.inventory, wall: wall),
            undo: UndoOrder(
                store: orders, inventory: dependencies.inventory, payment: dependencies.payment,
                coupon: dependencies.coupon, wall: wall),
            repairCoupon: RepairCoupon(store: orders, claim: claim),
            refundCoupon: RefundCoupon(store: orders, wall: wall), settle: settle,
            notify: NotifyCustomer(store: orders, notification: dependencies.notification, wall: wall))
        var policy = QueueWorkers.Policy()
        policy.lease = configuration.queueLease
        let workers = QueueWorkers(
            queue: queue, lanes: outbox.lanes, policy: policy,
            share: { [shedder = environment.shedder] in shedder?.backgroundShare ?? 1 }, logger: logger)
        let expire = ExpireOrders(
            store: orders, inFlight: inFlight, acceptedMaxAge: configuration.acceptedMaxAge,
            unreadable: UnreadableRows(table: "orders", logger: logger), time: time, wall: wall,
            logger: logger)
        let reconcile = ReconcileCoupon(
            store: orders, coupon: dependencies.coupon, peers: environment.peers, time: time, logger: logger)
        retentions = [
            Retention("orders", keptFor: configuration.retention) {
                try OrderTable.deleteOld($0, until: $1, past: $2, limit: $3)
            }
        ]
        background = [expire, catalogue, coupons, reconcile, workers]
    }

    package func prepare() async throws {
        logger.notice(
            "customers are not authenticated: every client that reaches this port can place and see orders")
        await coupons.prepare()
        await catalogue.prepare()
    }
}
