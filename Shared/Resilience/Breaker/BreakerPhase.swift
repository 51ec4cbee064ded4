/// What a ``CircuitBreaker`` does with calls at the moment.
public enum BreakerPhase: String, Sendable, Hashable, CaseIterable {
    /// Every call passes and is counted.
    case closed
    /// Every call is refused, with ``Rejection/circuitOpen(retryAfter:)``.
    case open
    /// A few calls pass, to find out whether the dependency is back.
    case halfOpen = "half-open"
}

/// Who decides what a ``CircuitBreaker`` does.
public enum BreakerControl: String, Sendable, Hashable, CaseIterable {
    /// The breaker.
    case automatic
    /// Somebody who wants every call refused: the dependency is being repaired.
    case forcedOpen = "forced-open"
    /// Somebody who wants every call to pass, whatever becomes of them. They are counted.
    case forcedClosed = "forced-closed"
    /// The breaker decides and says so, but refuses nothing: for trying out its numbers on real traffic.
    case observing
}
