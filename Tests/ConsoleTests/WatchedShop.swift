import Contracts

@testable import ConsoleService
@testable import StackView

/// A stack as the console sees it, second by second, and the incidents that follow.
struct WatchedShop {
    static let names: [ServiceName] = [.order, .payment, .coupon, .inventory, .notification]
    private static let roles: [(String, DependencyDocument.Role)] = [
        ("coupon", .optional), ("inventory", .critical), ("notification", .optional), ("payment", .critical),
    ]

    /// What isn't ready.
    var conditions: [ServiceName: Dashboard.Condition] = [:]
    /// Dependencies of order whose breaker is open.
    var openBreakers: Set<String> = []
    /// Dependencies of order of which half of the calls fail.
    var failing: Set<String> = []
    /// What orders do without.
    var missing: Set<String> = []
    /// Placed a second.
    var orders = 20.0
    /// Answered 503 a second.
    var refused = 0.0
    var shed = 0.0
    var oldestSeconds = 0.0
    var changes: [Incident.Entry] = []

    private(set) var incidents: [Incident] = []
    private(set) var at = Timestamp(milliseconds: 1_767_614_584_000)
    private var now = ContinuousClock.now
    private var detection: Detection
    private var refusals = Refusals()
    private var totals = Dashboard.Totals()
    private var degraded: [OrderDocument] = []

    init() {
        detection = Detection(started: now)
        totals.placed = 0
        totals.unserved = 0
        totals.captured = 0
    }

    var open: [Incident] { incidents.filter(\.status.isOpen) }

    /// Lets seconds pass.
    mutating func pass(_ seconds: Int) throws { for _ in 0..<seconds { try tick() } }

    /// A console that starts anew: it knows what is on disk.
    mutating func restartConsole() { detection = Detection(started: now) }

    mutating func change(_ index: Int, _ change: (inout Incident) throws -> Void) rethrows {
        try change(&incidents[index])
    }

    /// What Alertmanager tells.
    mutating func alert(_ symptom: Symptom, since: Timestamp) throws -> String {
        var grouping = grouping(
            Observation(at: at, graph: PathGraph(dependencies), present: [], isSettled: true))
        let id = try grouping.place(alert: symptom, since: since)
        incidents = grouping.incidents
        return id
    }

    private mutating func tick() throws {
        at = at.advanced(by: .seconds(1))
        now = now.advanced(by: .seconds(1))
        totals.placed = (totals.placed ?? 0) + orders
        totals.captured = (totals.captured ?? 0) + orders
        totals.unserved = (totals.unserved ?? 0) + refused
        place()
        let dashboard = Dashboard(
            at: at,
            orders: Dashboard.Orders(
                answeredPerSecond: orders + refused, unservedPerSecond: refused, perSecond: [:]),
            totals: totals, services: Self.names.map(service), dependencies: dependencies, events: [])
        let observation = detection.observe(dashboard, degraded: degraded, at: now)
        refusals.add(totals.unserved, at: at)
        var grouping = grouping(observation)
        try grouping.apply()
        grouping.count(refusals.counts)
        incidents = grouping.incidents
    }

    private func grouping(_ observation: Observation) -> IncidentGrouping {
        let count = incidents.count
        return IncidentGrouping(
            observation, incidents, sentence: missing.isEmpty ? "All is well." : "Something is missing.",
            changes: changes, makeId: { "inc_\(count + 1)" })
    }

    private mutating func place() {
        guard !missing.isEmpty else { return }
        for index in 0..<Int(orders) {
            var order = OrderDocument(
                id: "ord_\(at.milliseconds)_\(index)", status: .confirmed, customerId: "H1", items: [],
                currency: "USD", subtotal: 1, discount: 0, total: 1, refunded: 0, couponCode: nil,
                pending: [], degradations: [], createdAt: at, updatedAt: at)
            order.degradations = missing.sorted().map {
                Degradation(
                    dependency: $0, effect: .couponSkipped, source: .none, reason: "timeout",
                    repair: .refundLater, repaired: true, outcome: "done")
            }
            degraded.insert(order, at: 0)
        }
        degraded = Array(degraded.prefix(20))
    }

    private func service(_ name: ServiceName) -> Dashboard.Service {
        var service = Dashboard.Service(name: name, url: "", state: conditions[name] ?? .ready)
        service.deadLetters = 0
        service.oldestSeconds = name == .order ? oldestSeconds : 0
        if name == .order {
            service.shedding = Dashboard.Shedding(
                limit: 10, inFlight: 0, waiting: 0, shedPerSecond: ["critical-plus": shed],
                rateLimitedPerSecond: 0)
        }
        return service
    }

    private var dependencies: [Dashboard.Dependency] {
        Self.roles.map { name, role in
            let isOpen = openBreakers.contains(name)
            let isFailing = failing.contains(name)
            var dependency = Dashboard.Dependency(
                name: name, role: role, breaker: isOpen ? "open" : "closed",
                retryAfterMilliseconds: isOpen ? 500 : nil,
                callsPerSecond: isFailing ? ["ok": orders / 2, "unavailable": orders / 2] : ["ok": orders])
            dependency.effect = ["en": "No \(name).", "ko": "\(name) 없음."]
            return dependency
        }
    }
}
