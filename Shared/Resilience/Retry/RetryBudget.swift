/// Bounds retries to a share of the calls: it keeps a dependency in trouble from being called three times as
/// often.
///
/// In every window, `retries ≤ share × calls + minimumPerSecond × window`. It is shared by all callers of one
/// dependency, several ``Retry`` policies among them. After the retry budgets of Finagle (Twitter, 2016) and
/// of "Addressing Cascading Failures" and "Handling Overload" (Site Reliability Engineering, Google, 2016): a
/// count of attempts bounds what one call costs, only a budget bounds what an outage costs. It follows that
/// over any period the retries are at most the share of the calls in it and in the window before it, and the
/// minimum for its length plus one window.
///
/// **Only one layer retries.** Three layers of three tries each are 27 calls. Within a process
/// ``CallContext/attempt`` ensures this: a ``Retry`` (or ``Hedge``) that is given a second try neither counts
/// it as a call nor retries it again. Between processes, a service that has retried in vain should answer
/// with a failure that isn't retryable.
public final class RetryBudget: Sendable {
    /// How much retrying is allowed.
    public struct Configuration: PolicyConfiguration {
        /// Retries for each call. 0 … 1; default 0.1, the per-client budget of the SRE book: an outage adds a
        /// tenth to the load at most.
        public var share: Double
        /// Retries a second that are allowed whatever the traffic. 0 … 10,000; default 1.
        ///
        /// A tenth of three calls is no retry at all, so rare calls depend on this: with the default window
        /// ten in a row, and one a second in an outage, which no dependency would notice. (Finagle's 10 a
        /// second is for larger fleets.) It is also the allowance before the first call:
        /// `minimumPerSecond × window`.
        public var minimumPerSecond: Double
        /// How long a call counts, and so how many retries can be saved up in quiet times. 1 s … 10 min;
        /// default 10 s.
        public var window: Duration

        /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made
        /// with them.
        public init(share: Double = 0.1, minimumPerSecond: Double = 1, window: Duration = .seconds(10)) {
            self.share = share
            self.minimumPerSecond = minimumPerSecond
            self.window = window
        }

        public static var policy: String { "RetryBudget" }

        public var problems: [String] {
            var check = ConfigurationCheck()
            check.require((0...1).contains(share), "share", share, "from 0 to 1")
            check.require(
                (0...10_000).contains(minimumPerSecond), "minimumPerSecond", minimumPerSecond,
                "from 0 to 10000")
            check.require(
                window >= .seconds(1) && window <= .seconds(600), "window", window, "from 1 to 600 seconds")
            return check.problems
        }
    }

    /// The budget at one instant.
    public struct Snapshot: Sendable, Hashable {
        /// Calls in the last window.
        public var calls: Int
        /// Retries in the last window.
        public var retries: Int
        /// Retries that would be allowed now.
        public var left: Int
    }

    private let state: Locked<RetryBudgetState>

    /// With the default numbers.
    public init() { state = Locked(RetryBudgetState(Configuration())) }

    /// - Throws: ``InvalidConfiguration`` with every problem.
    public init(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        state = Locked(RetryBudgetState(configuration))
    }

    /// The numbers that count now.
    public var configuration: Configuration { state.withLock { $0.configuration } }

    /// Replaces the numbers at run time. What the last window held stays counted.
    /// - Throws: ``InvalidConfiguration``; the old numbers stay.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        state.withLock { $0.reconfigure(configuration) }
    }

    /// Counts a call: its first try, never a retry. ``Retry`` and ``Hedge`` do so for every call through
    /// them.
    public func deposit(now: ContinuousClock.Instant) { deposit(at: Instant(now)) }

    @usableFromInline
    func deposit(at instant: Instant) { state.withLock { $0.deposit(at: instant) } }

    /// Takes one retry out, if one is left: true means that the retry is to be made. It isn't given back,
    /// even if the call is cancelled before the retry is made.
    public func withdraw(now: ContinuousClock.Instant) -> Bool { state.withLock { $0.withdraw(now: now) } }

    /// What is in the window at `now`.
    public func snapshot(now: ContinuousClock.Instant) -> Snapshot {
        state.withLock { $0.snapshot(now: now) }
    }
}
