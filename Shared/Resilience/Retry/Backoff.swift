/// How long to wait before the next try: exponential, capped, with full jitter.
///
/// `random(0 … min(cap, base × 2^(failures − 1)))`, after "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015);
/// the jitter spreads clients that failed together, and `floor` keeps a try from following at once.
public struct Backoff: Sendable, Hashable {
    /// The upper bound of the first wait. Above zero.
    public var base: Duration
    /// The upper bound of every wait. At least `base`.
    public var cap: Duration
    /// The lower bound of every wait. At most `base`.
    public var floor: Duration

    public init(base: Duration, cap: Duration, floor: Duration = .zero) {
        precondition(base > .zero && cap >= base && floor <= base, "Backoff: 0 < base ≤ cap and floor ≤ base")
        self.base = base
        self.cap = cap
        self.floor = floor
    }

    /// The wait after the `failures`-th failure in a row, counted from 1.
    public func delay(afterFailures failures: Int, using chance: inout some RandomNumberGenerator) -> Duration {
        let exponent = min(max(failures, 1) - 1, 30)
        let ceiling = min(cap, base * (1 << exponent))
        let span = ceiling - floor
        return floor + span * Double.random(in: 0...1, using: &chance)
    }
}
