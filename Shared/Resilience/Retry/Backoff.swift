/// How long to wait before the next try: exponential, capped, and always with jitter.
///
/// The two kinds are those of "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015). Jitter can't be
/// turned off: it spreads clients that failed together.
///
/// Numbers out of range are listed by ``problems``, which a policy (``Retry``) checks before it uses a
/// backoff; constants in code need no `try`. With such numbers `delay` still answers, never below zero and
/// never above the largest of them.
public struct Backoff: PolicyConfiguration {
    /// How random numbers spread the waits.
    public enum Jitter: String, Sendable, Hashable, CaseIterable {
        /// `random(floor … min(cap, base × 2^(failures − 1)))`: needs no memory, and has the shortest waits.
        case full
        /// `random(base … min(cap, 3 × previous wait))`, the first after a `previous` of `base`: waits grow
        /// by themselves, and two clients drift apart for good. The range is cut at the cap before the draw;
        /// the article cuts after it, which would make two thirds of the waits at the cap equal.
        case decorrelated
    }

    /// The upper bound of the first wait (``Jitter/full``), or the lower bound of every wait
    /// (``Jitter/decorrelated``). Above zero.
    public var base: Duration
    /// The upper bound of every wait, a `Retry-After` of the dependency included. From `base` to one day.
    public var cap: Duration
    /// The lower bound of every wait, so that no try follows at once. From zero, the default, to `base`.
    public var floor: Duration
    /// ``Jitter/full`` by default.
    public var jitter: Jitter

    /// Any numbers; what is wrong with them is listed by ``problems``, and refused by a ``Retry`` that is
    /// made with them.
    public init(base: Duration, cap: Duration, floor: Duration = .zero, jitter: Jitter = .full) {
        self.base = base
        self.cap = cap
        self.floor = floor
        self.jitter = jitter
    }

    public static var policy: String { "Backoff" }

    public var problems: [String] { problems(prefix: "") }

    /// The same, with a prefix that names the owner: `backoff.base is …`.
    func problems(prefix: String) -> [String] {
        var check = ConfigurationCheck()
        check.require(base > .zero, prefix + "base", base, "above zero")
        check.require(
            cap >= base && cap <= .seconds(86_400), prefix + "cap", cap, "from base (\(base)) to one day")
        check.require(floor >= .zero && floor <= base, prefix + "floor", floor, "from zero to base (\(base))")
        return check.problems
    }

    /// The range from which the wait is drawn, uniformly.
    ///
    /// - Parameters:
    ///   - failures: how many tries in a row have failed, counted from 1.
    ///   - previous: the wait before the last try, which ``Jitter/decorrelated`` grows from; nil before the
    ///     first.
    public func bounds(afterFailures failures: Int, previous: Duration? = nil) -> ClosedRange<Duration> {
        let lowest = max(.zero, min(jitter == .full ? floor : max(floor, base), .longest))
        let longest = max(lowest, min(cap, .longest))
        switch jitter {
        case .full:
            var ceiling = max(.zero, base)
            // Doubled step by step up to the cap, so that nothing overflows, whatever the numbers.
            for _ in 1..<min(max(failures, 1), 128) where ceiling < longest {
                ceiling += min(ceiling, longest - ceiling)
            }
            return lowest...max(lowest, min(longest, ceiling))
        case .decorrelated:
            let last = min(max(previous ?? base, lowest), longest)
            return lowest...(last > longest / 3 ? longest : last * 3)
        }
    }

    /// The wait after the `failures`-th failure in a row, counted from 1; `previous` as in
    /// ``bounds(afterFailures:previous:)``.
    public func delay(
        afterFailures failures: Int, previous: Duration? = nil, using random: inout some RandomNumberGenerator
    ) -> Duration {
        let bounds = bounds(afterFailures: failures, previous: previous)
        return bounds.lowerBound + (bounds.upperBound - bounds.lowerBound)
            * Double.random(in: 0...1, using: &random)
    }

    /// The same, drawn from a policy's ``RandomSource``.
    public func delay(afterFailures failures: Int, previous: Duration? = nil, using random: RandomSource)
        -> Duration
    {
        random.duration(in: bounds(afterFailures: failures, previous: previous))
    }
}
