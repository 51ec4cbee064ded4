/// The moment by which a whole call, with everything it waits for, has to be over.
///
/// A deadline travels as a value and is enforced where the waiting is (the HTTP client, a queue, a sleep):
/// racing a timer against every call would cost more than most of the calls. Work that doesn't wait isn't interrupted.
public struct Deadline: Sendable, Hashable, Comparable {
    public let instant: ContinuousClock.Instant

    public init(_ instant: ContinuousClock.Instant) { self.instant = instant }

    /// A deadline `budget` from `now`; a budget of zero or less has passed already.
    public static func after(_ budget: Duration, from now: ContinuousClock.Instant = .now) -> Deadline {
        Deadline(now.advanced(by: budget))
    }

    /// What is left; negative once the deadline has passed.
    public func remaining(at now: ContinuousClock.Instant = .now) -> Duration { now.duration(to: instant) }

    public func hasPassed(at now: ContinuousClock.Instant = .now) -> Bool { remaining(at: now) <= .zero }

    /// The time that one attempt may take: what is left less `margin`, at most `limit`; never negative.
    ///
    /// The margin is what the caller itself still needs, to tell its own caller in time.
    public func allowance(upTo limit: Duration, margin: Duration = .zero, at now: ContinuousClock.Instant = .now) -> Duration {
        max(.zero, min(limit, remaining(at: now) - margin))
    }

    public static func < (left: Deadline, right: Deadline) -> Bool { left.instant < right.instant }
}
