import Contracts
import Runtime
import StackView

/// Tells a dashboard as the page and the API have it; knows since when the sentence has been so.
struct Telling {
    private let mode: CommonConfiguration.Mode
    private let control: String
    private var last: (sentence: Sentence, since: Timestamp)?

    /// - Parameter control: what starts and stops the services.
    init(mode: CommonConfiguration.Mode, control: String) {
        self.mode = mode
        self.control = control
    }

    func sentence(_ dashboard: Dashboard, degraded: [OrderDocument]) -> Sentence {
        Sentence(dashboard, degraded: degraded, mode: mode)
    }

    mutating func snapshot(
        _ dashboard: Dashboard, _ sentence: Sentence, degraded: [OrderDocument], incidents: [Incident] = []
    ) -> ConsoleSnapshot {
        let since = last.map { $0.sentence == sentence ? $0.since : dashboard.at } ?? dashboard.at
        last = (sentence, since)
        let queues = dashboard.services.compactMap(ConsoleSnapshot.Queue.init)
        let orders = OrderRates(dashboard.orders)
        let shed = dashboard.services.compactMap(\.shedding?.shedPerSecond).reduce(into: [:]) {
            $0.merge($1) { $0 + $1 }
        }
        let faults = dashboard.services.flatMap(ActiveFault.all)
        return ConsoleSnapshot(
            at: dashboard.at, mode: mode.rawValue, control: control,
            sentence: .init(en: sentence.en, ko: sentence.ko),
            level: sentence.level, since: since,
            services: dashboard.services.map(ConsoleSnapshot.Service.init),
            dependencies: dashboard.dependencies.map(ConsoleSnapshot.Dependency.init), queues: queues,
            orders: orders, shed: shed, faults: faults,
            faultsAllowed: dashboard.services.contains { $0.faults != nil },
            incidents: incidents.map(ConsoleSnapshot.OpenIncident.init),
            recent: degraded.map(ConsoleSnapshot.Order.init),
            point: HistoryPoint(
                at: dashboard.at, orders: orders,
                p50Milliseconds: dashboard.orders?.latency?.p50Milliseconds,
                p99Milliseconds: dashboard.orders?.latency?.p99Milliseconds, shed: shed,
                queued: queues.isEmpty ? nil : queues.reduce(0) { $0 + $1.ready + $1.leased + $1.delayed },
                oldestAgeSeconds: queues.map(\.oldestAgeSeconds).max(),
                queuedWithout: dashboard.services.filter { $0.messages == nil }.map(\.name.rawValue),
                faults: faults,
                incidents: incidents.map { .init(id: $0.id, title: $0.title, startedAt: $0.startedAt) }))
    }
}

extension OrderRates {
    fileprivate init(_ orders: Dashboard.Orders?) {
        func rate(_ status: OrderStatus) -> Double? { orders.map { $0.perSecond[status.rawValue] ?? 0 } }
        self.init(
            confirmed: rate(.confirmed), accepted: rate(.accepted), rejected: rate(.rejected),
            cancelled: rate(.cancelled), refused: orders?.unservedPerSecond)
    }
}

extension Dashboard.Condition {
    /// In the words of `csp status`.
    fileprivate var told: String {
        switch self {
        case .degraded: Dashboard.Condition.ready.rawValue
        case .silent: "unknown"
        case .ready, .starting, .draining, .frozen, .dead: rawValue
        }
    }
}

extension ConsoleSnapshot.Service {
    fileprivate init(_ service: Dashboard.Service) {
        self.init(
            name: service.name.rawValue, state: service.state.told, since: service.since,
            ageSeconds: service.ageSeconds, requestsPerSecond: service.requestsPerSecond,
            p99Milliseconds: service.latency?.p99Milliseconds)
    }
}

extension ConsoleSnapshot.Queue {
    /// Nil while it isn't known.
    fileprivate init?(_ service: Dashboard.Service) {
        guard let messages = service.messages else { return nil }
        self.init(
            service: service.name.rawValue, ready: messages["ready"] ?? 0, leased: messages["leased"] ?? 0,
            delayed: messages["delayed"] ?? 0, dead: messages["dead"] ?? 0,
            oldestAgeSeconds: service.oldestSeconds ?? 0)
    }
}

extension ConsoleSnapshot.Dependency {
    fileprivate init(_ dependency: Dashboard.Dependency) {
        let calls = dependency.callsPerSecond
        let isKnown = dependency.breaker != Dashboard.Dependency.unknown
        let failed = calls["unavailable"] ?? 0
        var bulkhead: ConsoleSnapshot.Bulkhead?
        if let inUse = dependency.inUse, let limit = dependency.limit {
            bulkhead = .init(inUse: inUse, limit: limit)
        }
        self.init(
            from: dependency.from.rawValue, to: dependency.name, role: dependency.role.rawValue,
            criticality: dependency.criticality, breaker: dependency.breaker, bulkhead: bulkhead,
            p50Milliseconds: dependency.latency?.p50Milliseconds,
            p99Milliseconds: dependency.latency?.p99Milliseconds,
            callsPerSecond: isKnown ? calls.values.reduce(0, +) : nil,
            failuresPerSecond: isKnown ? failed : nil,
            fallbacksPerSecond: isKnown ? failed + (calls["rejected"] ?? 0) : nil)
    }
}

extension ConsoleSnapshot.OpenIncident {
    fileprivate init(_ incident: Incident) {
        self.init(
            id: incident.id, title: incident.title, priority: incident.priority, status: incident.status,
            cause: incident.cause, startedAt: incident.startedAt)
    }
}

extension ConsoleSnapshot.Order {
    fileprivate init(_ order: OrderDocument) {
        self.init(
            orderId: order.id, at: order.createdAt, status: order.status.rawValue,
            degradations: order.degradations, repaired: !order.owesRepair, updatedAt: order.updatedAt)
    }
}

extension ActiveFault {
    /// What never answered isn't up yet.
    fileprivate static func all(_ service: Dashboard.Service) -> [ActiveFault] {
        let gone: String? =
            switch service.state {
            case .dead: service.ageSeconds == nil ? nil : "killed"
            case .frozen: "frozen"
            case .silent, .ready, .degraded, .starting, .draining: nil
            }
        let injected = (service.faults ?? []).map { entry in
            ActiveFault(
                service: service.name.rawValue, kind: entry.fault.kind, route: entry.fault.route,
                remainingSeconds: entry.remainingSeconds)
        }
        return (gone.map { [ActiveFault(service: service.name.rawValue, kind: $0)] } ?? []) + injected
    }
}
