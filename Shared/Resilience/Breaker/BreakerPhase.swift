/// What a ``CircuitBreaker`` does with calls.
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
    /// Every call is refused, by hand: the dependency is being repaired.
    case forcedOpen = "forced-open"
    /// Every call passes, by hand, whatever its outcome. Outcomes are counted.
    case forcedClosed = "forced-closed"
    /// The breaker decides and reports, but refuses nothing: for trying out its numbers on real traffic.
    case observing
}
