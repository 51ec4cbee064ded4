public import Resilience

/// What is declared of a dependency, and how it is doing: an entry of `GET /csp`.
public struct DependencyStatus: Sendable {
    /// As it was declared; its ``Declaration/protection`` is that of the beginning.
    public var declaration: Declaration
    /// Whether its calls throw; an optional one's can't.
    public var isCritical: Bool
    /// What it is asked for, in the order of declaration.
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

    /// Why the last call that was made and got no answer got none, and how long ago.
    public var lastFailure: (reason: Unavailability.Reason, age: Duration)? {
        operations.flatMap(\.traffic).compactMap(\.lastFailure).min { $0.age < $1.age }
    }

    /// Of the calls that matter most among those that were made so far, those that are worst off: what a
    /// purchase meets. Nil while nothing was asked.
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
    /// How the other end calls it: `POST /redemptions`. Nil where it wasn't said.
    public var route: String?
    /// For each criticality, the lowest first.
    public var traffic: [TrafficStatus]
}

/// The calls of one operation at one criticality.
public struct TrafficStatus: Sendable {
    /// Of all of these calls.
    public var criticality: Criticality
    /// Its breaker at this moment.
    public var breaker: CircuitBreaker.Snapshot
    /// Its bulkhead at this moment.
    public var bulkhead: Bulkhead.Snapshot
    /// Since the process began.
    public var calls: [CallOutcome: Int]
    /// Why the last call that was made and got no answer got none, and how long ago.
    public var lastFailure: (reason: Unavailability.Reason, age: Duration)?

    /// Whether there was, or is, any such call.
    public var isUsed: Bool { bulkhead.inUse > 0 || bulkhead.waiting > 0 || calls.values.contains { $0 > 0 } }
}

extension BreakerPhase {
    /// The higher, the less is let through.
    fileprivate var gravity: Int {
        switch self {
        case .closed: 0
        case .halfOpen: 1
        case .open: 2
        }
    }
}
