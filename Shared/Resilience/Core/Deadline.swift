/// The time by which a whole call, with everything it waits for, has to be over.
///
/// A deadline travels as a value (``CallContext/deadline``) and with the task (``current``), and is enforced
/// where a call waits: the HTTP client, a bulkhead's queue, the sleep before a retry. Racing a timer against
/// every call would cost more than most of the calls. It follows that a deadline **interrupts nothing by
/// itself**: work that doesn't wait, or ignores its deadline, runs on. ``Timeout`` can cancel such work,
/// which helps only if the work reacts to cancellation.
public struct Deadline: Sendable, Hashable, Comparable {
    @usableFromInline let end: Instant

    /// The deadline at an instant of the monotonic clock.
    @inlinable
    public init(_ instant: ContinuousClock.Instant) { end = Instant(instant) }

    @inlinable
    init(_ end: Instant) { self.end = end }

    /// The instant itself, of the monotonic clock.
    @inlinable
    public var instant: ContinuousClock.Instant { end.instant }

    /// The task's deadline, nil where none was set. Child tasks inherit it; detached tasks don't.
    @TaskLocal public static var current: Deadline?

    /// Runs `body` with ``current`` set to the earlier of `deadline` and the one that is set already.
    public static func withEarlier<Value, Failure: Error>(
        _ deadline: Deadline, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let earlier = current.map { min($0, deadline) } ?? deadline
        let result: Result<Value, Failure> = await $current.withValue(earlier) {
            do throws(Failure) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// A deadline `budget` from `now`; a budget of zero or less has passed already, and one above 100 years
    /// counts as 100 years.
    public static func after(_ budget: Duration, from now: ContinuousClock.Instant = .now) -> Deadline {
        Deadline(now.advanced(by: max(.zero - .longest, min(budget, .longest))))
    }

    /// What is left; negative once the deadline has passed.
    @inlinable
    public func remaining(at now: ContinuousClock.Instant = .now) -> Duration { now.duration(to: instant) }

    /// Whether nothing is left.
    @inlinable
    public func hasPassed(at now: ContinuousClock.Instant = .now) -> Bool { instant <= now }

    @inlinable
    func hasPassed(at now: Instant) -> Bool { end <= now }

    /// The time that one attempt may take: what is left less `margin`, at most `limit`; never negative.
    ///
    /// The margin is the time that the caller itself still needs, to answer its own caller in time.
    @inlinable
    public func allowance(
        upTo limit: Duration, margin: Duration = .zero, at now: ContinuousClock.Instant = .now
    ) -> Duration {
        max(.zero, min(limit, remaining(at: now) - margin))
    }

    @inlinable
    public static func < (left: Deadline, right: Deadline) -> Bool { left.end < right.end }
}
