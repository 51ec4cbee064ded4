public import Resilience

/// What is declared of a dependency, and how it is doing: an entry of `GET /csp`.
public struct DependencyStatus: Sendable {
    /// As it was declared; its ``Declaration/protection`` has the numbers of the start.
    public var declaration: Declaration
    /// Whether its calls throw; an optional one's can't.
    public var isCritical: Bool
    /// Its operations, in the order of declaration.
    public var operations: [OperationStatus]
    /// The numbers as they are now.
    public var protection: Protection

    /// Since the process began, over all operations.
    public var calls: [CallOutcome: Int] {
        operations.flatMap(\.traffic).reduce(
            into: Dictionary(uniqueKeysWithValues: CallOutcome.allCases.map { ($0, 0) })
        ) {
            $0.merge($1.calls) { $0 + $1 }
        }
    }

    /// Why the last call without an answer had none, and how long ago.
    public var lastFailure: (reason: Unavailability.Reason, age: Duration)? {
        operations.flatMap(\.traffic).compactMap(\.lastFailure).min { $0.age < $1.age }
    }

    /// Of the highest criticality with calls so far, the operation that is worst off: what a purchase meets.
    /// Nil before the first call.
    public var foremost: TrafficStatus? {
        let traffic = operations.flatMap(\.traffic).filter(\.isUsed)
        let highest = traffic.map(\.criticality).max()
        return traffic.filter { $0.criticality == highest }.max {
            ($0.breaker.phase.gravity, $0.bulkhead.inUse) < ($1.breaker.phase.gravity, $1.bulkhead.inUse)
        }
    }
}

/// One operation of a dependency: an entry of `GET /csp`.
public struct OperationStatus: Sendable {
    /// As it was declared: `redeem`.
    public var name: String
    /// The dependency's route: `POST /redemptions`. Nil where none was given.
    public var route: String?
    /// For each criticality, the lowest first.
    public var traffic: [TrafficStatus]
}

/// The calls of one operation at one criticality.
public struct TrafficStatus: Sendable {
    /// Of all of these calls.
    public var criticality: Criticality
    /// Its breaker now.
    public var breaker: CircuitBreaker.Snapshot
    /// Its bulkhead now.
    public var bulkhead: Bulkhead.Snapshot
    /// Since the process began.
    public var calls: [CallOutcome: Int]
    /// Why the last call without an answer had none, and how long ago.
    public var lastFailure: (reason: Unavailability.Reason, age: Duration)?

    /// Whether any such call was made or is under way.
    public var isUsed: Bool { bulkhead.inUse > 0 || bulkhead.waiting > 0 || calls.values.contains { $0 > 0 } }
}

extension BreakerPhase {
    /// The higher, the fewer calls pass.
    fileprivate var gravity: Int {
        switch self {
        case .closed: 0
        case .halfOpen: 1
        case .open: 2
        }
    }
}
