import Contracts
import Metrics
import Resilience
import ServingPath
import Transport

/// What a service reports of its serving path, and how its numbers are changed while it runs.
struct PathRoutes: Sendable {
    let service: String
    let path: CriticalPath
    let time: TimeSource
    let wall: @Sendable () -> Timestamp
    let admission: AdmissionControl
    let store: @Sendable () -> StoreMark
    let peers: PeerStores

    var document: PathDocument {
        PathDocument(
            service: service, dependencies: path.dependencies.map(document), shedder: admission.document,
            store: store(),
            peers: peers.seen)
    }

    /// Changes any of a dependency's numbers, and its breaker's control: all of the request is applied, or
    /// nothing.
    func reconfigure(_ call: Call) async throws -> Answer {
        let name = call.parameter("name")
        let current = path.protection(of: name)
        let request = try await call.decode(DependencyChange.self) { request, check in
            let names = BreakerControl.allCases.map(\.rawValue)
            check(
                request.control.map(names.contains) ?? true, "/control",
                "must be one of \(names.joined(separator: ", "))")
            do throws(InvalidConfiguration) {
                _ = try current?.replacing(request.policies ?? [:])
            } catch {
                for problem in error.problems { check(false, "/policies", problem) }
            }
        }
        guard let current else {
            throw Problem.notFound("\(service) declares no dependency \(name.excerpt()).")
        }
        try path.reconfigure(name, current.replacing(request.policies ?? [:]))
        if let control = request.control.flatMap(BreakerControl.init(rawValue:)) {
            try path.set(control, of: name)
        }
        guard let changed = path.dependencies.first(where: { $0.declaration.name == name }) else {
            throw Problem.internalError
        }
        return try .json(200, document(changed))
    }

    /// Sets what a scrape reads: `csp_breaker_state{dependency}`, `csp_bulkhead_in_use{dependency}`, the same
    /// for each operation and criticality with calls so far, and the shedder's.
    func record() {
        for dependency in path.dependencies {
            let name = ("dependency", dependency.declaration.name)
            record(dependency.foremost, "csp_breaker_state", "csp_bulkhead_in_use", [name])
            for operation in dependency.operations {
                for traffic in operation.traffic where traffic.isUsed {
                    record(
                        traffic, "csp_operation_breaker_state", "csp_operation_bulkhead_in_use",
                        [name, ("operation", operation.name), ("criticality", traffic.criticality.rawValue)])
                }
            }
        }
        admission.record()
    }

    private func record(
        _ traffic: TrafficStatus?, _ breaker: String, _ bulkhead: String, _ dimensions: [(String, String)]
    ) {
        let state =
            switch traffic?.breaker.phase {
            case .closed, nil: 0
            case .open: 1
            case .halfOpen: 2
            }
        Gauge(label: breaker, dimensions: dimensions).record(state)
        Gauge(label: bulkhead, dimensions: dimensions).record(traffic?.bulkhead.inUse ?? 0)
    }

    private func document(_ status: DependencyStatus) -> DependencyDocument {
        let foremost = status.foremost ?? status.operations.first?.traffic.last
        return DependencyDocument(
            name: status.declaration.name, role: status.isCritical ? .critical : .optional,
            criticality: status.declaration.criticality.rawValue,
            operations: status.operations.map { operation in
                OperationDocument(
                    name: operation.name, route: operation.route,
                    traffic: operation.traffic.filter(\.isUsed).map { traffic in
                        TrafficDocument(
                            criticality: traffic.criticality.rawValue,
                            breaker: BreakerDocument(traffic.breaker),
                            bulkhead: BulkheadDocument(traffic.bulkhead), calls: named(traffic.calls),
                            lastFailure: document(traffic.lastFailure))
                    })
            },
            fallback: status.declaration.fallback, effect: status.declaration.effect,
            effectTranslations: status.declaration.effectTranslations,
            policies: status.protection.numbers,
            state: DependencyDocument.State(
                breaker: foremost.map { BreakerDocument($0.breaker) } ?? .unasked,
                bulkhead: foremost.map { BulkheadDocument($0.bulkhead) }
                    ?? BulkheadDocument(inUse: 0, limit: 0, waiting: 0),
                calls: named(status.calls), lastFailure: document(status.lastFailure)))
    }

    private func named(_ calls: [CallOutcome: Int]) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: calls.map { ($0.key.rawValue, $0.value) })
    }

    private func document(_ failure: (reason: Unavailability.Reason, age: Duration)?) -> FailureDocument? {
        failure.map { FailureDocument(reason: $0.reason.rawValue, at: wall().advanced(by: .zero - $0.age)) }
    }
}

extension BreakerDocument {
    /// Of a dependency without operations.
    fileprivate static let unasked = BreakerDocument(
        state: BreakerPhase.closed.rawValue, control: BreakerControl.automatic.rawValue,
        reason: "nothing is asked of it",
        calls: 0, failures: 0, slowCalls: 0, retryAfterMilliseconds: nil)

    fileprivate init(_ breaker: CircuitBreaker.Snapshot) {
        self.init(
            state: breaker.phase.rawValue, control: breaker.control.rawValue, reason: breaker.reason,
            calls: breaker.calls,
            failures: breaker.failures, slowCalls: breaker.slowCalls,
            retryAfterMilliseconds: breaker.retryAfter.map { Int($0 / .milliseconds(1)) })
    }
}

extension BulkheadDocument {
    fileprivate init(_ bulkhead: Bulkhead.Snapshot) {
        self.init(inUse: bulkhead.inUse, limit: bulkhead.limit, waiting: bulkhead.waiting)
    }
}
