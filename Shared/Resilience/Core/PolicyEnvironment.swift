/// A policy's surroundings: a name, a time source, a random source and an observer. Tests replace them.
public struct PolicyEnvironment: Sendable {
    /// What the policy protects, as events name it: `coupon`.
    public var name: String
    /// Where time comes from; the system, by default.
    public var time: TimeSource
    /// Where random numbers come from; the system, by default.
    public var random: RandomSource
    /// Receives everything for logs and metrics. Called on the caller's task with no lock held, never for a
    /// plain success; it must not block.
    public var report: (@Sendable (PolicyEvent) -> Void)?

    /// By default no name, the system's time and random source, and no observer.
    public init(
        name: String = "", time: TimeSource = .system, random: RandomSource = .system,
        report: (@Sendable (PolicyEvent) -> Void)? = nil
    ) {
        self.name = name
        self.time = time
        self.random = random
        self.report = report
    }

    @usableFromInline
    func report(_ event: @autoclosure () -> PolicyEvent.Kind) {
        if let report { report(PolicyEvent(name: name, kind: event())) }
    }
}

/// Something that a policy did, other than let a call pass.
public struct PolicyEvent: Sendable, Hashable {
    /// What a policy did.
    public enum Kind: Sendable, Hashable {
        /// A call was refused, or ended.
        case rejected(Rejection)
        /// Another try follows after `delay`; `attempt` is the one that failed, counted from 1.
        case retrying(attempt: Int, delay: Duration)
        /// Another try would have been made, but the ``RetryBudget`` is spent.
        case retryBudgetSpent
        /// A breaker went from one phase to another, for the reason given in words.
        case breakerChanged(from: BreakerPhase, to: BreakerPhase, reason: String)
        /// A second try was sent while the first still ran.
        case hedged
        /// A fault was injected: its kind, as in ``Faults``.
        case faultInjected(String)
        /// What a ``FallbackCache`` keeps could not be read or written, with the reason.
        case storageFailed(String)
    }

    /// The policy's ``PolicyEnvironment/name``.
    public var name: String
    /// What it did.
    public var kind: Kind

    /// For the events of a policy of one's own.
    public init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}
