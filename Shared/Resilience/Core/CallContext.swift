/// What travels with one call through its policies: by value, each policy passing on its own version.
public struct CallContext: Sendable {
    /// The time by which the call has to be over; nil when nothing bounds it.
    public var deadline: Deadline?
    /// How much this call matters beside others at a ``Bulkhead``.
    public var priority: Priority
    /// Whether calling twice has the effect of calling once. Only such a call is ever retried or hedged.
    public var isIdempotent: Bool
    /// Which try this is, counted from 1.
    public internal(set) var attempt = 1
    /// When the innermost policy so far was entered, if one of them has read the clock: saves the others from
    /// reading it again.
    @usableFromInline var lastInstant: Instant?

    /// - Parameters:
    ///   - deadline: ``Deadline/current``, the task's own, unless another is given.
    ///   - priority: ``Priority/normal`` by default.
    ///   - isIdempotent: false by default: a call is repeated only if its caller says that it may be.
    @inlinable
    public init(
        deadline: Deadline? = Deadline.current, priority: Priority = .normal, isIdempotent: Bool = false
    ) {
        self.deadline = deadline
        self.priority = priority
        self.isIdempotent = isIdempotent
    }

    /// The time at which the policy was entered: read at most once until a policy waits (see ``waited()``).
    /// It is shared only by the policies of one call: the operation, and calls that are given its context,
    /// read the clock again.
    @inlinable
    public mutating func now(_ time: TimeSource) -> ContinuousClock.Instant { instant(time).instant }

    @inlinable
    mutating func instant(_ time: TimeSource) -> Instant {
        if let lastInstant { return lastInstant }
        let now = time.instant()
        lastInstant = now
        return now
    }

    /// Time has passed since the clock was read: the next policy reads it again.
    @inlinable
    public mutating func waited() { lastInstant = nil }

    /// Bounds the call by `deadline`, unless it already has an earlier one.
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
