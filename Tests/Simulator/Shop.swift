import Contracts
import CouponService
import Foundation
import GRDB
import InventoryService
import NotificationService
import OrderService
import PaymentService
import Resilience
import Runtime
import Storage
import Transport

/// One episode: some dozen customers and the five services, with faults of all kinds for a while. Then the
/// faults stop, the queues empty, and the results are checked.
///
/// To be read in this order: ``Scheduler`` (what happens next), ``Host`` (the life of a process), ``Disk``,
/// ``Machine`` (a service as it really is), ``Network``, ``Customer``, ``OtherShop``, ``Judge`` and
/// `checkDrained` (what must hold). Which fault is brought back by which mutant is in `Docs/faults.md`.
final class Shop: @unchecked Sendable {
    /// How long customers arrive and faults happen, in milliseconds.
    static let sales: Int64 = 20_000
    static let faults: Int64 = 30_000
    /// All work has to be done an hour after the begin, in milliseconds.
    private static let end: Int64 = 3_600_000

    let scheduler = Scheduler.shared
    let trace: Trace
    let judge: Judge
    let network: Network
    let customers = Host("customers")
    private(set) var machines: [Machine] = []
    private(set) var people: [Customer] = []
    /// Number of faults by kind.
    private(set) var mishaps: [String: Int] = [:]
    /// Number of customers: with fewer, each has more orders with one coupon.
    private let customerCount: Int64
    /// Of a thousand orders, how many ask for a coupon, are to be cancelled, and are paid with a card that is
    /// declined.
    private let couponShare: Int
    let cancelShare: Int
    private let declineShare: Int
    private var couponBackup: DatabaseQueue?
    /// Reservations run out before the commits that were held up have come, and before the faults end.
    private let isShortLived: Bool
    /// Whether orders are still to be compared with their quotes.
    private var isQuoteDue: Bool

    /// - Parameter isCalm: nothing goes wrong.
    init(seed: UInt64, seeds: Seeds, isTraced: Bool = false, isCalm: Bool = false, customers count: Int = 40)
        throws
    {
        scheduler.begin(seed: seed)
        trace = Trace(isKept: isTraced)
        judge = Judge(stock: Catalogue.stock, limits: Catalogue.limits, offline: Catalogue.offline)
        network = Network(trace: trace, isFaulty: !isCalm)
        isShortLived = !isCalm && scheduler.dice.happens(300)
        isQuoteDue = scheduler.dice.happens(500)
        let acceptedMaxAge = isShortLived ? scheduler.dice.from(3, 12) : scheduler.dice.from(5, 60)
        customerCount = scheduler.dice.one(of: [2, 4, 4, 12])
        couponShare = scheduler.dice.one(of: [300, 500, 900])
        cancelShare = scheduler.dice.one(of: [100, 200, 500])
        declineShare = scheduler.dice.one(of: [80, 80, 300])
        var settings = ["ACCEPTED_MAX_AGE": "\(acceptedMaxAge)s"]
        let lifetime = acceptedMaxAge + scheduler.dice.from(-2, 8)
        // No longer than that: what is made in the time of grace may lapse in it.
        let grace = min(lifetime, scheduler.dice.one(of: [0, 0, 5, 10]))
        if isShortLived {
            settings["RESERVATION_TTL"] = "\(lifetime)s"
            settings["RESERVATION_GRACE"] = "\(grace)s"
        }
        for service in Service.all {
            machines.append(try machine(service, seeds.disks[service.name], settings))
        }
        if isShortLived {
            // What nothing can read keeps nothing else from lapsing.
            try machine("inventory")?.disk.change(
                "INSERT INTO reservations VALUES ('\(Self.unreadable)', 'reserved', X'7B', 1)")
            judge.isInGrace = { [unowned self] in
                guard let inventory = machine("inventory"), !inventory.isClockSet else { return false }
                return scheduler.now - inventory.startedAt < grace * 1_000_000_000
            }
        }
        machine("order")?.ready = { [unowned self] in checkPrices() }
        for machine in machines { try machine.start() }
        people = (0..<count).map { Customer(self, number: $0, request: request()) }
        for person in people { person.begin() }
        guard !isCalm else { return }
        begin()
    }

    /// The id of a reservation that can't be decoded.
    private static let unreadable = "ord_unreadable"
    /// Of the reservations that can.
    static let isReserved = "status = 'reserved' AND order_id <> '\(unreadable)'"

    func machine(_ name: String) -> Machine? { machines.first { $0.name == name } }

    private func machine(_ service: Service, _ template: Disk?, _ settings: [String: String]) throws
        -> Machine
    {
        let machine = Machine(service.name, disk: try Disk(copying: template)) {
            [network, judge] machine, acceptingLoss in
            let process = try service.launch(machine, network, settings, acceptingLoss)
            try machine.disk.watch(by: judge, of: service.name)
            return process
        }
        machine.observe = { [judge] request, response in
            judge.answered(
                request.method, Trace.path(request), request.body, by: service.name, status: response.status)
            // Recorded when the request arrives, since its answer may be lost.
            guard service.name == "payment" || service.name == "coupon", let body = request.body else {
                return
            }
            if request.url.hasSuffix("/payments"),
                let asked = try? JSON.decode(PaymentRequest.self, from: Data(body))
            {
                judge.asked(asked.orderId, asked.amount)
            }
            if request.url.hasSuffix("/reconciliation"),
                let told = try? JSON.decode(ReconciliationRequest.self, from: Data(body))
            {
                judge.reconciled(told.redemptions.map(\.request.orderId))
            }
        }
        network.add(machine)
        return machine
    }

    private func request() -> OrderRequest {
        let isGift = scheduler.dice.happens(60)
        var items = [
            ItemQuantity(
                sku: scheduler.dice.one(of: isShortLived ? Catalogue.scarce : Catalogue.skus),
                quantity: Int(scheduler.dice.from(1, 3)))
        ]
        if isGift {
            items[0].sku = Catalogue.gift
        } else if scheduler.dice.happens(300) {
            items.append(ItemQuantity(sku: scheduler.dice.one(of: Catalogue.skus), quantity: 1))
        }
        let isPaid = !scheduler.dice.happens(isGift ? 500 : 20)
        return OrderRequest(
            customerId: "H\(scheduler.dice.from(1, customerCount))", items: items,
            couponCode: scheduler.dice.happens(couponShare)
                ? scheduler.dice.one(
                    of: [Catalogue.save, Catalogue.save, Catalogue.once, Catalogue.large, "WRONG"]) : nil,
            ifCouponUnavailable: scheduler.dice.one(of: [nil, .refundLater, .orderWithout, .reject]),
            maxTotal: scheduler.dice.happens(100) ? Int(scheduler.dice.from(100, 900)) : nil,
            payment: isPaid
                ? PaymentMeans(token: scheduler.dice.happens(declineShare) ? "tok_declined" : "tok_ok") : nil)
    }

    // MARK: Faults

    private func begin() {
        for machine in machines {
            if machine.name != "order" { outages(of: machine) }
            clockSteps(of: machine)
            machine.danger = { [unowned self, unowned machine] in endanger(machine, $0) }
        }
        backUpCoupon()
        redrive()
        let other = OtherShop(network: network, host: customers)
        for number in 0..<2 {
            scheduler.after(scheduler.dice.from(0, 15_000), in: customers) { [isShortLived] in
                Task {
                    await other.charge(number)
                    if isShortLived { await other.reserve(number) }
                }
            }
        }
    }

    /// Where the start has waited for the catalogue to the end, it wasn't there.
    private func checkPrices() {
        guard let order = machine("order"), order.failedWrites == 0,
            scheduler.now - order.startedAt < 2_000_000_000
        else { return }
        let known = try? order.disk.database.unsafeRead {
            try $0.row("SELECT count(*) FROM last_known_products")?[0] as Int?
        }
        if known == 0 { judge.broken(.pricesKept, "order", "it is ready, and no price is on disk") }
    }

    /// After each job a process may be frozen past its leases.
    private func endanger() {
        if scheduler.dice.onceIn(4000) {
            let machine = scheduler.dice.happens(600) ? machine("order") : scheduler.dice.one(of: machines)
            guard let machine, let process = machine.process else { return }
            happened("freeze of \(machine.name)")
            process.host.freeze(for: scheduler.dice.from(500, 8000))
        }
    }

    /// Before and after whatever a process does outside of itself it may die, and most of all where a coupon
    /// may have been redeemed and nothing is known of it yet.
    private func endanger(_ machine: Machine, _ request: HTTPClient.Request?) {
        holdUpCommits(request)
        let isRedemption = request?.url.hasSuffix("/redemptions") == true
        if isRedemption, let body = request?.body,
            let claim = try? JSON.decode(RedemptionRequest.self, from: Data(body))
        {
            judge.calledCoupon(claim.orderId)
        }
        let odds = isRedemption ? 30 : machine.name == "order" ? 400 : 700
        guard network.isFaulty, scheduler.dice.onceIn(odds), let process = machine.process else { return }
        scheduler.after(0, in: process.host) { [self] in
            happened("crash of \(machine.name)")
            machine.crash()
            restart(machine, after: scheduler.dice.from(10, 3000))
        }
    }

    private func restart(_ machine: Machine, after wait: Int64) {
        scheduler.after(wait) { [self] in start(machine) }
    }

    private func start(_ machine: Machine, acceptingLoss: Bool = false) {
        do {
            if machine.process == nil, network.isFaulty { try changeRules(of: machine) }
            try machine.start(acceptingLoss: acceptingLoss)
        } catch {
            judge.broken(.started, machine.name, "\(error)")
        }
    }

    /// Changes prices or coupon rules while inventory or coupon is down. Answers to customers must not change
    /// with them.
    private func changeRules(of machine: Machine) throws {
        guard scheduler.dice.happens(500) else { return }
        let sku = scheduler.dice.one(of: Catalogue.skus)
        let code = scheduler.dice.one(of: [Catalogue.save, Catalogue.once])
        let (price, amount) = (scheduler.dice.from(50, 400), scheduler.dice.from(50, 300))
        switch machine.name {
        case "inventory":
            try machine.disk.change("UPDATE products SET unit_price = \(price) WHERE sku = '\(sku)'")
        case "coupon":
            let skus = Catalogue.skus.filter { $0 != sku }.joined(separator: " ")
            // Withdrawn: what was given for it by estimate can't be recorded.
            let validUntil = scheduler.dice.happens(300) ? "1" : "NULL"
            try machine.disk.change(
                """
                UPDATE coupons SET amount_off = \(amount), eligible_skus = '\(skus)',
                    valid_until = \(validUntil) WHERE code = '\(code)'
                """)
        default: return
        }
        happened("other rules in \(machine.name)")
    }

    /// Commits are lost for about the life of a reservation, while inventory goes on selling: that others buy
    /// the stock meanwhile is the rarest of all bad luck.
    private func holdUpCommits(_ request: HTTPClient.Request?) {
        guard isShortLived, network.isFaulty, scheduler.now >= network.commitsLostUntil,
            request?.url.hasSuffix("/commit") == true, scheduler.dice.onceIn(4)
        else { return }
        happened("loss of commits")
        network.commitsLostUntil = scheduler.now + scheduler.dice.from(4000, 20_000) * 1_000_000
    }

    private func outages(of machine: Machine) {
        scheduler.after(scheduler.dice.from(0, 12_000)) { [self] in
            guard network.isFaulty else { return }
            let length = scheduler.dice.from(100, 8000)
            if scheduler.dice.happens(600) {
                happened("outage of \(machine.name)")
                machine.crash()
                machine.isUnplugged = scheduler.dice.happens(500)
                scheduler.after(length) { [self] in endOutage(of: machine) }
            } else {
                happened("slowness of \(machine.name)")
                machine.isSlow = true
                scheduler.after(length) { machine.isSlow = false }
            }
            outages(of: machine)
        }
    }

    private func endOutage(of machine: Machine) {
        guard machine.process == nil else { return }
        machine.isUnplugged = false
        guard machine.name == "coupon", network.isFaulty, let couponBackup, scheduler.dice.happens(900) else {
            return start(machine)
        }
        happened("restore of coupon")
        do {
            try machine.restore(couponBackup)
            if try machine.disk.isBehindItsCounter, (try? machine.start()) != nil {
                judge.broken(.lossNoticed, machine.name, "it has started on a copy that lacks commits")
            }
            start(machine, acceptingLoss: true)
            try machine.disk.database.unsafeRead { try judge.couponRestored($0) }
        } catch {
            judge.broken(.started, machine.name, "\(error)")
        }
    }

    private func backUpCoupon() {
        scheduler.after(scheduler.dice.from(0, 40_000)) { [self] in
            guard network.isFaulty else { return }
            couponBackup = try? machine("coupon")?.disk.copy()
            backUpCoupon()
        }
    }

    /// An operator redrives the dead letters of every service.
    private func redrive() {
        scheduler.after(scheduler.dice.from(3000, 20_000)) { [self] in
            guard network.isFaulty else { return }
            for machine in machines {
                var request = HTTPClient.Request(
                    method: "POST", url: "http://\(machine.name)/queue/dead/redrive")
                request.headers = [(name: "Authorization", value: "Bearer \(Tokens.administrator)")]
                Task { [network, customers, request] in
                    _ = try? await network.sender(in: customers).send(request)
                }
            }
            redrive()
        }
    }

    /// Sets a wall clock forwards or back.
    private func clockSteps(of machine: Machine) {
        scheduler.after(scheduler.dice.from(0, 60_000)) { [self] in
            guard network.isFaulty else { return }
            happened("clock step")
            machine.clockError =
                scheduler.dice.happens(200)
                ? scheduler.dice.from(-90_000, 90_000) : scheduler.dice.from(-4000, 4000)
            clockSteps(of: machine)
        }
    }

    func happened(_ mishap: String) {
        mishaps[mishap, default: 0] += 1
        trace.note { "* \(mishap)" }
    }

    // MARK: The run

    /// Runs the episode and returns the broken property, if any.
    func run() -> Violation? {
        while judge.violation == nil, network.isFaulty, scheduler.now < Self.faults * 1_000_000 {
            guard scheduler.step(until: Self.faults * 1_000_000) else { break }
            endanger()
        }
        endFaults()
        let calm = scheduler.now + 30_000_000_000
        while judge.violation == nil, scheduler.step(until: calm) {}
        scheduler.pass(until: calm)
        do {
            try checkDecided()
        } catch {
            judge.broken(.started, "the judge", "\(error)")
        }
        drain()
        if isQuoteDue, judge.violation == nil, isDrained {
            Task {
                await orderAsQuoted()
                isQuoteDue = false
            }
            while judge.violation == nil, isQuoteDue, scheduler.step() {}
            drain()
        }
        if judge.violation == nil {
            do {
                try checkDrained()
            } catch {
                judge.broken(.started, "the judge", "\(error)")
            }
        }
        return judge.violation
    }

    /// Until nothing is left to do, or the end has come.
    private func drain() {
        while judge.violation == nil, scheduler.now < Self.end * 1_000_000 {
            let next = scheduler.now + 5_000_000_000
            while judge.violation == nil, scheduler.step(until: next) {}
            if isDrained { break }
            scheduler.pass(until: next)
        }
    }

    private func endFaults() {
        network.isFaulty = false
        for machine in machines {
            machine.isSlow = false
            machine.isUnplugged = false
            start(machine)
        }
    }

    /// Kills all processes.
    func close() {
        customers.crash()
        for machine in machines { machine.crash() }
        scheduler.finish()
        for machine in machines { machine.disk.close() }
    }

    private var isDrained: Bool {
        guard people.allSatisfy(\.isDone), scheduler.now > Self.faults * 1_000_000 else { return false }
        return (try? isEmpty()) ?? false
    }

    private func isEmpty() throws -> Bool {
        for machine in machines {
            let isEmpty = try machine.disk.database.unsafeRead { database in
                guard try database.row("SELECT 1 FROM queue WHERE state <> 'dead' LIMIT 1") == nil else {
                    return false
                }
                let unfinished: String? =
                    switch machine.name {
                    case "order": "SELECT 1 FROM orders WHERE status IN ('placing', 'accepted') LIMIT 1"
                    case "inventory": "SELECT 1 FROM reservations WHERE \(Self.isReserved) LIMIT 1"
                    default: nil
                    }
                return try unfinished.map { try database.row($0) == nil } ?? true
            }
            guard isEmpty else { return false }
        }
        return true
    }
}

/// The five services, each with its launch function.
struct Service: Sendable {
    var name: String
    var launch: @Sendable (Machine, Network, [String: String], Bool) throws -> RunningProcess

    private init<Application: ServiceApplication>(
        _ type: Application.Type, _ settings: [String: String] = [:]
    ) {
        name = type.name
        launch = { machine, network, own, acceptingLoss in
            try RunningProcess.launch(
                type, on: machine, over: network, settings: settings.merging(own) { $1 },
                acceptingLoss: acceptingLoss)
        }
    }

    static let all = [
        Service(InventoryApplication.self, ["SEED_DIR": Seeds.folder]), Service(PaymentApplication.self),
        Service(CouponApplication.self, ["SEED_DIR": Seeds.folder]), Service(NotificationApplication.self),
        Service(
            OrderApplication.self,
            [
                "INVENTORY_URL": "http://inventory", "PAYMENT_URL": "http://payment",
                "COUPON_URL": "http://coupon",
                "NOTIFICATION_URL": "http://notification", "QUEUE_LEASE": "3s", "CATALOGUE_REFRESH": "5s",
                "COUPONS_REFRESH": "5s",
            ]),
    ]
}

/// The initial stores of every episode, with schemas and seeds, made once.
struct Seeds {
    static let folder = FileManager.default.temporaryDirectory.path + "/csp-simulator-seeds"

    private(set) var disks: [String: Disk] = [:]

    init() throws {
        try Catalogue.write(to: Self.folder)
        let scheduler = Scheduler.shared
        scheduler.begin(seed: 0)
        let network = Network(trace: Trace(isKept: false), isFaulty: false)
        for service in Service.all {
            let machine = Machine(service.name, disk: try Disk()) { machine, acceptingLoss in
                try service.launch(machine, network, [:], acceptingLoss)
            }
            try machine.start()
            // Order starts empty in every episode, so it has to learn about its dependencies.
            while service.name != "order", !machine.isListening, scheduler.step() {}
            disks[service.name] = try Disk(copying: machine.disk)
            machine.crash()
            scheduler.finish()
        }
    }
}
