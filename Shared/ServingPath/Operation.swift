import Resilience

/// One thing that a dependency is asked for. Each criticality has policies of its own, in
/// ``OperationTraffic``.
///
/// Two things are shared between criticalities, and neither is a failure: a success counts as a probe for
/// every breaker of the operation that isn't closed, and the numbers are the same.
final class Operation: Sendable {
    let name: String
    let route: String?
    private let dependency: String
    private let isCritical: Bool
    private let observer: (any CallObserver)?
    private let concurrency: Int?
    private let traffic: [OperationTraffic]

    init(
        _ name: String, route: String?, concurrency: Int?, of dependency: String, isCritical: Bool,
        _ protection: Protection, _ control: BreakerControl, isReady: (@Sendable (Deadline) async -> Bool)?,
        environment: PathEnvironment
    ) throws(InvalidConfiguration) {
        self.name = name
        self.route = route
        self.concurrency = concurrency
        self.dependency = dependency
        self.isCritical = isCritical
        observer = environment.observer
        var traffic: [OperationTraffic] = []
        // In the order of rank, which is the index.
        for criticality in Criticality.allCases {
            traffic.append(
                try OperationTraffic(
                    of: dependency, name, criticality, isCritical: isCritical,
                    protection.narrowed(to: criticality, concurrency), isReady: isReady,
                    environment: environment))
        }
        self.traffic = traffic
        if control != .automatic { set(control) }
    }

    subscript(_ criticality: Criticality) -> OperationTraffic { traffic[criticality.rank] }

    /// Makes one call under the policies of its criticality.
    func run<Value: Sendable, Refusal: Sendable>(
        _ caller: Caller, isIdempotent: Bool,
        _ live: @escaping @Sendable (CallContext) async throws(DependencyFailure<Refusal>) -> Value
    ) async throws(DependencyFailure<Refusal>) -> Value {
        guard let observer else { return try await protected(caller, isIdempotent: isIdempotent, live) }
        return try await observer.observe(dependency, name, isCritical: isCritical) {
            () async throws(DependencyFailure<Refusal>) in
            try await protected(caller, isIdempotent: isIdempotent, live)
        }
    }

    private func protected<Value: Sendable, Refusal: Sendable>(
        _ caller: Caller, isIdempotent: Bool,
        _ live: @escaping @Sendable (CallContext) async throws(DependencyFailure<Refusal>) -> Value
    ) async throws(DependencyFailure<Refusal>) -> Value {
        try await self[caller.criticality].run(
            caller, isIdempotent: isIdempotent,
            answered: { [self] elapsed in
                for other in traffic where other.criticality != caller.criticality {
                    other.breaker.noteSuccess(after: elapsed)
                }
            }, live: live)
    }

    func reconfigure(_ protection: Protection) throws(InvalidConfiguration) {
        for one in traffic { try one.reconfigure(protection.narrowed(to: one.criticality, concurrency)) }
    }

    func set(_ control: BreakerControl) {
        for one in traffic { one.breaker.set(control) }
    }

    var status: OperationStatus {
        OperationStatus(name: name, route: route, traffic: traffic.map(\.status))
    }
}

extension Protection {
    /// The numbers for the calls of one criticality. Below `critical` the bulkhead is smaller by the reserved
    /// permits. A `sheddable` call is never slow: no request waits for it, and its timeout bounds it.
    fileprivate func narrowed(to criticality: Criticality, _ concurrency: Int?) -> Protection {
        var own = self
        own.bulkhead.reserved = 0
        if criticality < .critical { own.bulkhead.limit -= bulkhead.reserved }
        if let concurrency { own.bulkhead.limit = max(1, min(own.bulkhead.limit, concurrency)) }
        if criticality == .sheddable { own.breaker.slowCall = nil }
        return own
    }
}
