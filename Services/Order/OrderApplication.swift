import Contracts
package import Queue
import Resilience
package import Runtime
package import ServiceLifecycle
package import ServingPath
package import Storage
package import Transport

/// The front door: takes orders, walks the critical serving path, and leaves to its queue what isn't time-critical.
package struct OrderApplication: ServiceApplication {
    package static let name = "order"
    package static let defaultPort = 8081
    package static var openAPI: [UInt8] { PackageResources.openapi_json }

    static let migrations = [
        OrderStore.migration, OrderStore.promises, OrderStore.couponUses,
        LastKnownTable.products.migration("catalogue-1"),
        LastKnownTable.coupons.migration("known-coupons-1"), DurableQueue.migration, Errand.migration,
        OrderStore.couponUseStates, OrderStore.refunds, OrderStore.lists, DurableQueue.counts,
        OrderStore.retention, OrderStore.couponUsesByOrder,
    ]

    package let store: Store
    package let queue: DurableQueue
    package let routes: [Route]
    package let background: [any Service]
    package let retentions: [Retention]
    package let path: ServingPath
    private let catalogue: LastKnownCatalogue
    private let coupons: LastKnownCoupons

    package init(configuration: OrderConfiguration, environment: ServiceEnvironment) throws {
        let wall = environment.wall
        let configuration = environment.common.mode == .naive ? configuration.switchedOff : configuration
        store = try Store(
            folder: environment.common.dataFolder, name: Self.name,
            migrations: Self.migrations, acceptingLoss: environment.common.acceptsLoss)
        queue = DurableQueue(
            store: store, wall: { wall().milliseconds }, time: environment.time, capacity: configuration.queueCapacity)
        let products = try LastKnown<Product>(
            .products, store: store, maximumAge: configuration.catalogueMaxAge, time: environment.time, wall: wall
        ) { $0.sku }
        let rules = try LastKnown<Coupon>(
            .coupons, store: store, maximumAge: configuration.couponsMaxAge, time: environment.time, wall: wall
        ) { $0.code }
        let neighbours = try Neighbours(configuration: configuration, environment: environment, coupons: rules)
        path = neighbours.path
        catalogue = LastKnownCatalogue(
            products, inventory: neighbours.inventory, refreshEvery: configuration.catalogueRefresh,
            patience: configuration.cataloguePatience, time: environment.time)
        coupons = LastKnownCoupons(coupon: neighbours.coupon, refreshEvery: configuration.couponsRefresh)
        let turns = CouponTurns(time: environment.time)
        let claims = CouponClaims(store: store, queue: queue, coupon: neighbours.coupon, turns: turns, wall: wall)
        let purchase = Purchase(
            inventory: neighbours.inventory, payment: neighbours.payment, claims: claims, catalogue: catalogue,
            reservationLifetime: ReservationLifetime(
                acceptedMaxAge: configuration.acceptedMaxAge, logger: environment.logger),
            isCouponOptional: environment.common.mode == .protected, wall: wall)
        let endings = Endings(
            acceptedMaxAge: configuration.acceptedMaxAge, isNotificationGivenUp: { neighbours.notification.isGivenUp },
            wall: wall)
        let conclude = Conclude(
            store: store, queue: queue, claims: claims, counts: OrderCounts(), stockMargin: configuration.stockMargin)
        let hands = WorkInHand()

        let settle = SettleRefund(
            store: store, queue: queue, payment: neighbours.payment, inventory: neighbours.inventory, wall: wall)

        routes =
            OrderRoutes(
                store: store,
                place: PlaceOrder(
                    store: store, queue: queue, purchase: purchase, hands: hands, turns: turns, endings: endings,
                    conclude: conclude, resumeAfter: configuration.orderBudget + .seconds(1), wall: wall,
                    logger: environment.logger),
                cancel: CancelOrder(store: store, queue: queue, endings: endings, counts: conclude.counts),
                refund: RefundOrder(
                    store: store, queue: queue, settle: settle, resumeAfter: OrderRoutes.refundBudget + .seconds(1), wall: wall),
                quote: QuoteOrder(
                    store: store, inventory: neighbours.inventory, coupon: neighbours.coupon, catalogue: catalogue, wall: wall),
                budget: configuration.orderBudget
            ).routes

        let finish = FinishOrder(
            store: store, queue: queue, purchase: purchase, hands: hands,
            endings: endings, conclude: conclude, wall: wall)
        let repair = RepairCoupon(store: store, claims: claims)
        let refund = RefundCoupon(queue: queue, wall: wall)
        let commit = CommitStock(store: store, queue: queue, inventory: neighbours.inventory, wall: wall)
        let errands = RunErrands(
            store: store, neighbours: neighbours, wall: wall)
        let lanes = Errand.lanes { errand in
            switch errand {
            case .finishOrder: { await finish($0) }
            case .commitReservation: { await commit($0) }
            case .releaseReservation: { await errands.releaseReservation($0) }
            case .voidPayment: { await errands.voidPayment($0) }
            case .releaseRedemption: { await errands.releaseRedemption($0) }
            case .repairCoupon: { await repair($0) }
            case .refundCoupon: { refund($0) }
            case .refundOrder: { await settle.pay($0.key, for: .queue) }
            case .returnGoods: { await settle.returnGoods($0.key, for: .queue) }
            case .notifyAccepted: { await errands.notify(.orderAccepted, $0) }
            case .notifyConfirmed: { await errands.notify(.orderConfirmed, $0) }
            case .notifyCancelled: { await errands.notify(.orderCancelled, $0) }
            case .notifyRefunded: { await errands.notify(.orderRefunded, $0) }
            }
        }
        var policy = QueueWorkers.Policy()
        policy.lease = configuration.queueLease
        let expire = ExpireOrders(
            store: store, queue: queue, hands: hands, endings: endings, counts: conclude.counts,
            unreadable: UnreadableRows(table: "orders", logger: environment.logger), time: environment.time,
            logger: environment.logger)
        let workers = QueueWorkers(
            queue: queue, lanes: lanes, policy: policy,
            share: { [shedder = environment.shedder] in shedder?.backgroundShare ?? 1 }, logger: environment.logger)
        let reconcile = ReconcileCoupon(
            store: store, coupon: neighbours.coupon, peers: environment.peers, time: environment.time,
            logger: environment.logger)
        retentions = [
            Retention("orders", keptFor: configuration.retention) {
                try OrderStore.deleteOld($0, until: $1, past: $2, limit: $3)
            }
        ]
        background = [expire, catalogue, coupons, reconcile, workers]
    }

    package func prepare() async throws {
        await coupons.prepare()
        await catalogue.prepare()
    }
}
