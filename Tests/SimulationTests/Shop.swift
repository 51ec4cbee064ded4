import Contracts

@testable import OrderService

/// One episode: some dozen customers, the order service and its neighbours, and everything that can go wrong for a while. Then
/// the faults stop, everything drains, and what has come of it is judged.
///
/// To be read in this order: ``World`` (time and chance), ``Disk`` (what is committed), ``OrderProcess`` (the shells around the
/// production's `Saga`, `Endings` and `LanePlan`), ``Network`` and the neighbours, ``Judge`` and `checkDrained` (what must hold).
final class Shop {
    /// Customers come, and faults happen, for so long.
    static let sales: Int64 = 20_000
    static let faults: Int64 = 30_000
    /// An hour after the faults it must all have come to an end.
    private static let end: Int64 = 3_600_000
    static let stockMargin = 10
    static let skus = ["APPLE", "BREAD", "CHEESE", "DATES"]

    let world: World
    let trace: Trace
    let judge = Judge()
    let mutant: Mutant?
    let network: Network
    let inventory: InventoryModel
    let payment: PaymentModel
    let coupon: CouponModel
    let notification: NotificationModel
    var disk: Disk
    var catalogue = Catalogue()
    var rules = KnownRules()
    /// How long an order may stay accepted; in some episodes too short for what goes wrong.
    let acceptedMaxAge: Duration
    private(set) var process: OrderProcess?
    private(set) var clients: [Client] = []
    /// Of coupon's store, as order's processes have heard (`peers.json`).
    var couponEpoch: Int64 = 0
    private var processes: Int64 = 0
    private var orders = 0

    init(seed: UInt64, mutant: Mutant? = nil, isTraced: Bool = false, customers: Int = 40) {
        world = World(seed: seed)
        trace = Trace(isKept: isTraced, clock: world.clock)
        self.mutant = mutant
        network = Network(world, trace: trace)
        inventory = InventoryModel(
            stock: ["APPLE": 60, "BREAD": 25, "CHEESE": 12, "DATES": 200],
            prices: ["APPLE": 100, "BREAD": 250, "CHEESE": 99, "DATES": 40], judge: judge, mutant: mutant)
        payment = PaymentModel("payment", judge: judge, mutant: mutant)
        coupon = CouponModel(
            [Self.coupon("SAVE", limit: 3), Self.coupon("ONCE", limit: 1), Self.coupon("LARGE", limit: 2, offline: false)],
            judge: judge, mutant: mutant)
        notification = NotificationModel("notification", judge: judge, mutant: mutant)
        disk = Disk(judge: judge, clock: world.clock, mutant: mutant)
        acceptedMaxAge = .seconds(world.dice.from(5, 60))
        start()
        refreshCatalogue()
        refreshRules()
        clients = (0..<customers).map { Client(self, number: $0) }
        for neighbour in [inventory, payment, coupon, notification] { outages(of: neighbour) }
        backUpCoupon()
    }

    func nextOrderId() -> String {
        orders += 1
        return Disk.id(orders)
    }

    func run() -> (violation: Violation?, steps: Int, fingerprint: UInt64) {
        while judge.violation == nil, world.now < Self.end, world.step() {
            if network.isFaulty { endangerProcess() }
        }
        if judge.violation == nil { checkDrained() }
        return (judge.violation, world.steps, world.fingerprint)
    }

    private func start() {
        processes += 1
        process = OrderProcess(self, owner: processes)
    }

    /// After each event the order process may die, or be frozen for longer than its leases.
    private func endangerProcess() {
        if world.now > Self.faults { return network.isFaulty = false }
        guard let process, process.host.isAlive else { return }
        if world.dice.happens(3) {
            process.crash()
            world.after(world.dice.from(10, 3000)) { [self] in start() }
        } else if world.dice.happens(1), world.dice.happens(500) {
            process.freeze(world.dice.from(500, 8000))
        }
    }

    private func outages(of neighbour: Neighbour) {
        world.after(world.dice.from(0, 12_000)) { [self] in
            guard network.isFaulty else { return }
            let until = min(world.now + world.dice.from(100, 8000), Self.faults)
            if world.dice.happens(600) { neighbour.downUntil = until } else { neighbour.slowUntil = until }
            trace.note("*", "\(neighbour.name) is out of order until \(until)")
            if neighbour === coupon, neighbour.downUntil == until, world.dice.happens(900) {
                world.after(until - world.now) { [self] in
                    trace.note("*", "coupon has lost what is later than its backup")
                    coupon.restore()
                }
            }
            outages(of: neighbour)
        }
    }

    private func backUpCoupon() {
        world.after(world.dice.from(0, 40_000)) { [self] in
            guard network.isFaulty else { return }
            coupon.backUp()
            backUpCoupon()
        }
    }

    private func refreshCatalogue() {
        catalogue.refresh(inventory.products)
        world.after(5000) { [self] in
            guard network.isFaulty else { return }
            // Prices change; what was told a customer doesn't.
            inventory.prices[world.dice.one(of: Self.skus)] = Int(world.dice.from(50, 400))
            if world.now >= inventory.downUntil { return refreshCatalogue() }
            world.after(1000) { [self] in refreshCatalogue() }
        }
    }

    private static func coupon(_ code: String, limit: Int, offline: Bool = true) -> Coupon {
        Coupon(
            code: code, amountOff: 150, currency: "USD", limitPerCustomer: limit,
            eligibleSkus: skus.filter { $0 != "DATES" }, validUntil: nil, offline: offline)
    }

    private func refreshRules() {
        rules.refresh(coupon.rules)
        world.after(5000) { [self] in
            guard network.isFaulty else { return }
            let (code, unwanted) = (world.dice.one(of: ["SAVE", "ONCE"]), world.dice.one(of: Self.skus))
            coupon.rules[code]?.amountOff = Int(world.dice.from(50, 300))
            coupon.rules[code]?.eligibleSkus = Self.skus.filter { $0 != unwanted }
            if world.now >= coupon.downUntil { return refreshRules() }
            world.after(1000) { [self] in refreshRules() }
        }
    }
}
