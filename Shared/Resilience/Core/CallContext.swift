/// What travels with one call through its policies: by value, each policy handing on its own version.
public struct CallContext: Sendable {
    /// The moment by which the call has to be over; nil when nothing bounds it.
    public var deadline: Deadline?
    /// How much this call matters beside others at a ``Bulkhead``.
    public var priority: Priority
    /// Whether doing it twice is doing it once. Only such a call is ever retried or hedged.
    public var isIdempotent: Bool
    /// Which try this is, counted from 1.
    public internal(set) var attempt = 1
    /// When the innermost policy so far was entered, if one of them had to know: saves the others a look at
    /// the clock.
    @usableFromInline var lastInstant: Instant?

    /// - Parameters:
    ///   - deadline: ``Deadline/current``, the task's own, unless another is given.
    ///   - priority: ``Priority/normal`` by default.
    ///   - isIdempotent: false by default: nothing is repeated that nobody has said to be repeatable.
    @inlinable
    public init(
        deadline: Deadline? = Deadline.current, priority: Priority = .normal, isIdempotent: Bool = false
    ) {
        self.deadline = deadline
        self.priority = priority
        self.isIdempotent = isIdempotent
    }

    /// The time at which the policy was entered: read at most once until a policy waits (see ``waited()``).
    /// It goes no further than the policies of one call: the operation, and the calls that are given its
    /// context, read the clock anew.
    @inlinable
    public mutating func now(_ time: TimeSource) -> ContinuousClock.Instant { moment(time).instant }

    @inlinable
    mutating func moment(_ time: TimeSource) -> Instant {
        if let lastInstant { return lastInstant }
        let now = time.moment()
        lastInstant = now
        return now
    }

    /// Time has passed since the clock was read: the next policy reads it anew.
    @inlinable
    public mutating func waited() { lastInstant = nil }

    /// Bounds the call by `deadline`; an earlier one that it has already stays.
    @inlinable
    public mutating func limit(to other: Deadline) {
        if let own = deadline, own <= other { return }
        deadline = other
    }
}

/// How much a call matters beside others, the higher the more. Any scale will do; 0 is the default.
public struct Priority: Sendable, Hashable, Comparable {
    /// The higher, the more it matters; any whole number.
    public var rank: Int

    /// A rank; any number will do.
    @inlinable
    public init(rank: Int) { self.rank = rank }

    /// Rank 0.
    @inlinable
    public static var normal: Priority { Priority(rank: 0) }

    @inlinable
    public static func < (left: Priority, right: Priority) -> Bool { left.rank < right.rank }
}
