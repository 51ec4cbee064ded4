/// A token bucket: a plain value without clock or lock, for code that keeps many of them (one a client)
/// behind a lock of its own; ``RateLimit`` is one of them that can be shared.
///
/// It starts full. Between any two instants `t` apart it lets at most `burst + permits × t / period` calls
/// pass, and refuses only what would exceed that: the continuous-state leaky bucket, which is the same
/// algorithm as GCRA (ITU-T Recommendation I.371, annex A). It counts in whole numbers, so that rounding
/// gains or loses nothing.
public struct TokenBucket: Sendable {
    // One token is `period` units (in attoseconds); in each attosecond `permits` units come back.
    @usableFromInline var period: Int128
    @usableFromInline var permits: Int128
    @usableFromInline var capacity: Int128
    /// What was taken and hasn't come back yet: 0 is a full bucket.
    @usableFromInline var debt: Int128 = 0
    /// The instant at which ``debt`` was computed.
    @usableFromInline var settled: ContinuousClock.Instant
    /// After this long the bucket is full in any case. It also keeps the product with `permits` from
    /// overflowing.
    @usableFromInline var refill: Duration

    /// A full bucket.
    /// - Throws: ``InvalidConfiguration`` with every problem.
    public init(_ configuration: RateLimit.Configuration, now: ContinuousClock.Instant)
        throws(InvalidConfiguration)
    {
        try configuration.validate()
        self.init(valid: configuration, now: now)
    }

    init(valid configuration: RateLimit.Configuration, now: ContinuousClock.Instant) {
        period = configuration.period.attoseconds
        permits = Int128(configuration.permits)
        capacity = Int128(configuration.burst) * period
        refill = Duration(attoseconds: (capacity + permits - 1) / permits)
        settled = now
    }

    /// Takes a token if there is one.
    ///
    /// - Parameter now: an instant before an earlier call's counts as that one.
    /// - Returns: nil when the token was taken; else how long from `now` until there is one, exactly, for the
    ///   first caller then. Nothing is reserved.
    @inlinable
    public mutating func tryAcquire(now: ContinuousClock.Instant) -> Duration? {
        settle(now)
        let owed = debt + period
        if owed <= capacity {
            debt = owed
            return nil
        }
        let wait = Duration(attoseconds: (owed - capacity + permits - 1) / permits)
        return settled > now ? wait + now.duration(to: settled) : wait
    }

    /// Whether the bucket is full, so that a new one would be the same.
    public func isFull(now: ContinuousClock.Instant) -> Bool {
        var copy = self
        copy.settle(now)
        return copy.debt == 0
    }

    /// Whole tokens left.
    public func left(now: ContinuousClock.Instant) -> Int {
        var copy = self
        copy.settle(now)
        return Int((copy.capacity - copy.debt) / copy.period)
    }

    /// Replaces the numbers. The tokens left stay, up to the new burst: a change of numbers adds none.
    /// - Throws: ``InvalidConfiguration``; the old numbers stay.
    public mutating func reconfigure(
        _ configuration: RateLimit.Configuration, now: ContinuousClock.Instant
    ) throws(InvalidConfiguration) {
        try configuration.validate()
        settle(now)
        let (whole, part) = (capacity - debt).quotientAndRemainder(dividingBy: period)
        var new = TokenBucket(valid: configuration, now: settled)
        // A partial token keeps its share, to the nanosecond: in attoseconds the product would overflow.
        let nanosecond: Int128 = 1_000_000_000
        let kept = (part / nanosecond) * (new.period / nanosecond) / (period / nanosecond) * nanosecond
        new.debt = max(0, new.capacity - (whole * new.period + kept))
        self = new
    }

    /// Adds the tokens that have come back by `now`.
    @inlinable
    mutating func settle(_ now: ContinuousClock.Instant) {
        let elapsed = settled.duration(to: now)
        // Two callers may arrive in another order than they read the clock.
        guard elapsed > .zero else { return }
        settled = now
        debt = elapsed >= refill ? 0 : max(0, debt - elapsed.attoseconds * permits)
    }
}
