import Contracts
import Metrics
import Resilience
import ServingPath
import Transport

/// What a service tells of its serving path, and how its numbers are changed while it runs.
struct PathRoutes: Sendable {
    let service: String
    let path: ServingPath
    let time: TimeSource
    let wall: @Sendable () -> Timestamp
    let door: Door

    var document: PathDocument {
        PathDocument(service: service, dependencies: path.dependencies.map(document), shedder: door.document)
    }

    /// Any of a dependency's numbers, and who decides its breaker: all of what is sent is applied, or nothing.
    func reconfigure(_ call: Call) async throws -> Answer {
        let name = call.parameter("name")
        let request = try await call.decode(DependencyChange.self)
        guard let current = path.protection(of: name) else {
            throw Problem.notFound("\(service) declares no dependency \(name.excerpt()).")
        }
        var control: BreakerControl?
        if let text = request.control {
            guard let known = BreakerControl(rawValue: text) else {
                let names = BreakerControl.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem.invalidRequest([FieldError(pointer: "/control", detail: "must be one of \(names)")])
            }
            control = known
        }
        do {
            try path.reconfigure(name, current.replacing(request.policies ?? [:]))
            if let control { try path.set(control, of: name) }
        } catch {
            throw Problem.invalidRequest(error.problems.map { FieldError(pointer: "/policies", detail: $0) })
        }
        guard let changed = path.dependencies.first(where: { $0.declaration.name == name }) else {
            throw Problem.internalError
        }
        return try .json(200, document(changed))
    }

    /// Sets what a scrape reads: `csp_breaker_state{dependency}`, `csp_bulkhead_in_use{dependency}`, and the door's.
    func record() {
        for status in path.dependencies {
            let dimensions = [("dependency", status.declaration.name)]
            let state =
                switch status.breaker.phase {
                case .closed: 0
                case .open: 1
                case .halfOpen: 2
                }
            Gauge(label: "csp_breaker_state", dimensions: dimensions).record(state)
            Gauge(label: "csp_bulkhead_in_use", dimensions: dimensions).record(status.bulkhead.inUse)
        }
        door.record()
    }

    private func document(_ status: DependencyStatus) -> DependencyDocument {
        let breaker = status.breaker
        let failure = status.lastFailure.map { failure in
            FailureDocument(reason: failure.reason.rawValue, at: wall().advanced(by: .zero - failure.age))
        }
        return DependencyDocument(
            name: status.declaration.name, role: status.isCritical ? .critical : .optional,
            criticality: status.declaration.criticality.rawValue, operations: status.operations,
            fallback: status.declaration.fallback, effect: status.declaration.effect, policies: status.protection.numbers,
            state: DependencyDocument.State(
                breaker: BreakerDocument(
                    state: breaker.phase.rawValue, control: breaker.control.rawValue, reason: breaker.reason,
                    calls: breaker.calls, failures: breaker.failures, slowCalls: breaker.slowCalls,
                    retryAfterMilliseconds: breaker.retryAfter.map { Int($0 / .milliseconds(1)) }),
                bulkhead: BulkheadDocument(
                    inUse: status.bulkhead.inUse, limit: status.bulkhead.limit, waiting: status.bulkhead.waiting),
                calls: Dictionary(uniqueKeysWithValues: status.calls.map { ($0.key.rawValue, $0.value) }),
                lastFailure: failure))
    }
}
