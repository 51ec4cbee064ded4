import Contracts
import Resilience
import Runtime
import Transport

/// What the routes and the outbox call, made of the same parts.
struct OrderUseCases {
    private let configuration: OrderConfiguration
    private let environment: ServiceEnvironment
    private let dependencies: Dependencies
    private let store: OrderStore
    private let inFlight = InFlightOrders()
    private let turns: CouponTurns
    private let claim: ClaimCoupon
    private let runCheckout: RunCheckout
    private let settle: SettleRefund

    private var wall: @Sendable () -> Timestamp { environment.wall }
    private var isNotificationUnavailable: @Sendable () -> Bool {
        { [notification = dependencies.notification] in notification.isOpen }
    }

    init(
        _ configuration: OrderConfiguration, _ environment: ServiceEnvironment, _ dependencies: Dependencies,
        store: OrderStore
    ) {
        self.configuration = configuration
        self.environment = environment
        self.dependencies = dependencies
        self.store = store
        turns = CouponTurns(time: environment.time)
        claim = ClaimCoupon(
            store: store, coupon: dependencies.coupon, turns: turns, wall: environment.wall)
        runCheckout = RunCheckout(
            store: store, inventory: dependencies.inventory, payment: dependencies.payment, claim: claim,
            catalogue: dependencies.catalogue,
            reservationLifetime: ReservationLifetime(
                acceptedMaxAge: configuration.acceptedMaxAge, logger: environment.logger),
            isCouponOptional: environment.common.mode == .protected, wall: environment.wall)
        settle = SettleRefund(
            store: store, payment: dependencies.payment, inventory: dependencies.inventory,
            wall: environment.wall)
    }

    var routes: [Route] {
        OrderRoutes(
            store: store,
            place: PlaceOrder(
                store: store, runCheckout: runCheckout, inFlight: inFlight, turns: turns,
                isNotificationUnavailable: isNotificationUnavailable,
                resumeAfter: configuration.orderBudget + .seconds(1), wall: wall, logger: environment.logger),
            cancel: CancelOrder(store: store, wall: wall),
            refund: RefundOrder(
                store: store, settle: settle, resumeAfter: OrderRoutes.refundBudget + .seconds(1),
                wall: wall),
            quote: QuoteOrder(
                store: store, inventory: dependencies.inventory, coupon: dependencies.coupon,
                catalogue: dependencies.catalogue, wall: wall),
            budget: configuration.orderBudget
        ).routes
    }

    var outbox: OrderOutbox {
        OrderOutbox(
            finish: FinishOrder(
                store: store, runCheckout: runCheckout, inFlight: inFlight,
                acceptedMaxAge: configuration.acceptedMaxAge,
                isNotificationUnavailable: isNotificationUnavailable, wall: wall),
            commit: CommitStock(store: store, inventory: dependencies.inventory, wall: wall),
            undo: UndoOrder(
                store: store, inventory: dependencies.inventory, payment: dependencies.payment,
                coupon: dependencies.coupon, wall: wall),
            repairCoupon: RepairCoupon(store: store, claim: claim),
            refundCoupon: RefundCoupon(store: store, wall: wall), settle: settle,
            notify: NotifyCustomer(store: store, notification: dependencies.notification, wall: wall))
    }

    var expire: ExpireOrders {
        ExpireOrders(
            store: store, inFlight: inFlight, acceptedMaxAge: configuration.acceptedMaxAge,
            unreadable: UnreadableRows(table: "orders", logger: environment.logger), time: environment.time,
            wall: wall, logger: environment.logger)
    }

    var reconcile: ReconcileCoupon {
        ReconcileCoupon(
            store: store, coupon: dependencies.coupon, peers: environment.peers, time: environment.time,
            logger: environment.logger)
    }
}
