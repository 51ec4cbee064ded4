public import Resilience

/// What is declared of a dependency, and how it is doing: an entry of `GET /csp`.
public struct DependencyStatus: Sendable {
    /// As it was declared; its ``Declaration/protection`` is that of the beginning.
    public var declaration: Declaration
    /// Whether its calls throw; an optional one's can't.
    public var isCritical: Bool
    /// What it is asked for, in the order of declaration.
    public var operations: [String]
    /// The numbers as they are now.
    public var protection: Protection
    /// Its breaker at this moment.
    public var breaker: CircuitBreaker.Snapshot
    /// Its bulkhead at this moment.
    public var bulkhead: Bulkhead.Snapshot
    /// Since the process began.
    public var calls: [CallOutcome: Int]
    /// Why the last call that was made and got no answer got none, and how long ago.
    public var lastFailure: (reason: Unavailability.Reason, age: Duration)?
}
