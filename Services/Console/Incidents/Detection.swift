import Contracts
import Resilience
import StackView

/// What is wrong, by what the console sees. A symptom counts once it has lasted, so that a restart is none,
/// and until it was gone for a while, so that one that comes and goes is one.
struct Detection {
    /// A symptom counts once it has lasted this long.
    static let hold: Duration = .seconds(5)
    /// One that wasn't seen for this long is absent.
    static let gap: Duration = .seconds(3)
    /// One that wasn't seen for this long is over.
    static let quiet: Duration = .seconds(20)
    /// How long a service may take to end and start again once it drains, or to start at first.
    static let restart: Duration = .seconds(30)

    private struct Sighting {
        var symptom: Symptom
        var since: Timestamp
        var first: ContinuousClock.Instant
        var last: ContinuousClock.Instant
    }

    private let started: ContinuousClock.Instant
    private var sightings: [Symptom: Sighting] = [:]
    private var wasUp: Set<ServiceName> = []
    private var excusedSince: [ServiceName: ContinuousClock.Instant] = [:]
    private var orders = RateHistory()
    private var payments = RateHistory()

    init(started: ContinuousClock.Instant) { self.started = started }

    /// - Parameter degraded: the newest degraded orders.
    mutating func observe(
        _ dashboard: Dashboard, degraded: [OrderDocument], at now: ContinuousClock.Instant
    ) -> Observation {
        let graph = PathGraph(dashboard.dependencies)
        excuse(dashboard, at: now)
        orders.add(dashboard.totals.placed, at: now)
        payments.add(dashboard.totals.captured, at: now)
        let seen = symptoms(dashboard, graph, degraded).filter { symptom in
            let since = ServiceName(rawValue: symptom.service).flatMap { excusedSince[$0] }
            return since.map { $0.duration(to: now) >= Self.restart } ?? true
        }
        for symptom in seen {
            sightings[
                symptom, default: Sighting(symptom: symptom, since: dashboard.at, first: now, last: now)
            ].last = now
        }
        sightings = sightings.filter { sighting in
            let age = sighting.value.last.duration(to: now)
            let hasLasted = sighting.value.first.duration(to: sighting.value.last) >= Self.hold
            return age < (hasLasted ? Self.quiet : Self.gap)
        }
        let held = sightings.values.filter { $0.first.duration(to: $0.last) >= Self.hold }
        return Observation(
            at: dashboard.at, graph: graph,
            present: held.filter { $0.last.duration(to: now) < Self.gap }.map { .init($0.symptom, $0.since) },
            fading: held.filter { $0.last.duration(to: now) >= Self.gap }.map { .init($0.symptom, $0.since) },
            isSettled: started.duration(to: now) >= Self.restart + Self.hold + Self.gap)
    }

    /// A service that says it is shutting down is being restarted; one that was never up is being started.
    private mutating func excuse(_ dashboard: Dashboard, at now: ContinuousClock.Instant) {
        for service in dashboard.services {
            if service.state.isUp {
                wasUp.insert(service.name)
                excusedSince[service.name] = nil
            } else if service.state == .draining || !wasUp.contains(service.name) {
                excusedSince[service.name] = excusedSince[service.name] ?? now
            }
        }
    }

    private func symptoms(
        _ dashboard: Dashboard, _ graph: PathGraph, _ degraded: [OrderDocument]
    ) -> [Symptom] {
        var symptoms = dashboard.services.flatMap { Self.symptoms(of: $0, graph) }
        symptoms += dashboard.dependencies.flatMap { dependency in
            // Calls of a caller that has too much to do fail too.
            Self.isCrowded(dependency.from, dashboard) && Self.isUp(dependency.name, dashboard)
                ? [] : Self.symptoms(of: dependency)
        }
        symptoms += Self.degradations(dashboard, graph, degraded)
        guard let entry = graph.entry else { return symptoms }
        let unserved = dashboard.orders?.unservedPerSecond ?? 0
        if unserved > 0.5, unserved / max(unserved, dashboard.orders?.answeredPerSecond ?? 0) > 0.05 {
            symptoms.append(
                Symptom(kind: .ordersRefused, service: entry, priority: .p1, text: "orders are refused"))
        }
        if orders.hasFallen {
            symptoms.append(
                Symptom(
                    kind: .ordersFallen, service: entry, priority: .p1,
                    text: "less than half of the orders of the minutes before are placed"))
        }
        if payments.hasFallen {
            symptoms.append(
                Symptom(
                    kind: .paymentsFallen, service: entry, priority: .p1,
                    text: "less than half of the payments of the minutes before are captured"))
        }
        return symptoms
    }

    private static func symptoms(of service: Dashboard.Service, _ graph: PathGraph) -> [Symptom] {
        let name = service.name.rawValue
        let urgent: Incident.Priority = graph.isCritical(name) ? .p1 : .p2
        var symptoms: [Symptom] = []
        func add(_ kind: Symptom.Kind, _ priority: Incident.Priority, _ text: String) {
            symptoms.append(Symptom(kind: kind, service: name, priority: priority, text: text))
        }
        if !service.state.isUp, service.state != .draining {
            add(.serviceDown, urgent, "\(name) \(service.state.isWhat)")
        }
        if service.criticalShedPerSecond > 0.5 {
            add(.criticalShed, .p1, "\(name) is asked for more than it can do, and turns customers away")
        }
        if let oldest = service.oldestSeconds, oldest > 60 {
            add(.queueLagging, .p2, "the oldest message of \(name) is due for more than a minute")
        }
        if let dead = service.deadLetters, dead > 0 {
            add(.deadLetters, .p2, "\(name) gave up on \(dead == 1 ? "a message" : "\(dead) messages")")
        }
        if let free = service.freeBytes, free < Double(256 << 20) {
            add(.storageNearlyFull, .p2, "the disk of \(name) is nearly full")
        }
        return symptoms
    }

    private static func isCrowded(_ name: ServiceName, _ dashboard: Dashboard) -> Bool {
        (dashboard.services.first { $0.name == name }?.criticalShedPerSecond ?? 0) > 0
    }

    private static func isUp(_ name: String, _ dashboard: Dashboard) -> Bool {
        dashboard.services.first { $0.name.rawValue == name }?.state.isUp ?? false
    }

    private static func symptoms(of dependency: Dashboard.Dependency) -> [Symptom] {
        let priority: Incident.Priority = dependency.role == .critical ? .p1 : .p2
        let calls = dependency.callsPerSecond
        let failed = calls["unavailable"] ?? 0
        let made = failed + (calls["ok"] ?? 0) + (calls["refused"] ?? 0)
        var symptoms: [Symptom] = []
        // Without calls a breaker stays as it was: that of a service that is well again closes with the next.
        let isWaiting = (dependency.retryAfterMilliseconds ?? 0) > 0
        let isAsked = made + (calls["rejected"] ?? 0) > 0
        if (dependency.breaker == "open" && (isWaiting || isAsked))
            || (dependency.breaker == "half-open" && isAsked)
        {
            symptoms.append(
                Symptom(
                    kind: .breakerOpen, service: dependency.name, priority: priority,
                    text: "the breaker of \(dependency.from) for \(dependency.name) is open"))
        }
        if failed > 0.3, failed / made > 0.1 {
            symptoms.append(
                Symptom(
                    kind: .dependencyFailing, service: dependency.name, priority: priority,
                    text: "calls of \(dependency.from) to \(dependency.name) fail"))
        }
        return symptoms
    }

    /// A dependency that many of the orders of the last seconds had to do without.
    private static func degradations(
        _ dashboard: Dashboard, _ graph: PathGraph, _ degraded: [OrderDocument]
    ) -> [Symptom] {
        let window = 5.0
        let placed = dashboard.orders?.answeredPerSecond ?? 0
        var counts: [String: Int] = [:]
        let isCrowded =
            graph.entry.flatMap(ServiceName.init(rawValue:)).map { Self.isCrowded($0, dashboard) } ?? false
        for order in degraded
        where order.createdAt.seconds(to: dashboard.at) < window {
            for name in Set(order.degradations.map(\.dependency)) { counts[name, default: 0] += 1 }
        }
        if isCrowded { counts = counts.filter { !isUp($0.key, dashboard) } }
        return counts.filter { $0.value >= 3 && Double($0.value) > 0.05 * placed * window }.keys.sorted()
            .map { name in
                Symptom(
                    kind: .ordersDegraded, service: name, priority: graph.isCritical(name) ? .p1 : .p2,
                    text: "orders do without \(name)")
            }
    }
}

extension Dashboard.Service {
    /// Requests that customers or services wait for.
    fileprivate var criticalShedPerSecond: Double {
        let shed = shedding?.shedPerSecond ?? [:]
        return (shed["critical-plus"] ?? 0) + (shed["critical"] ?? 0)
    }
}
