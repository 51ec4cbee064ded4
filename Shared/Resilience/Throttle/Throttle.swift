/// Refuses a share of the calls on this side when the dependency fails many of them: client-side adaptive
/// throttling.
///
/// A call is refused (``Rejection/throttled``) with probability
/// `max(0, (requests − K × accepts) / (requests + 1))` over a sliding window, after "Handling Overload" (Site
/// Reliability Engineering, Google, 2016). Refused calls count as requests, as there. Unlike a breaker it has
/// no states: it refuses as much as is failing, and some calls always pass to find out.
///
/// Three things differ from the book. A call counts when its outcome is known, not when it is sent, so that
/// the first burst of a healthy start isn't taken for a hundred failures; one whose outcome says nothing
/// about the dependency (a cancellation, a refusal of a policy inside) doesn't count at all. Below
/// `minimumRequests` no call is refused: three failures are no overload. And `maximumRejection` bounds the
/// share (as Envoy's admission control does): with the bare formula one call in a whole window passes at full
/// outage, and finding out that it is over takes minutes.
///
/// For a dependency that is called often, by many callers. For rare calls use a ``CircuitBreaker``.
///
/// **Cancellation** is passed on and not counted.
public final class Throttle: Policy {
    /// The window, and how strictly calls are refused.
    public struct Configuration: PolicyConfiguration {
        /// K: how many requests pass for each that is accepted. 1.1 … 100; default 2, as in the book: half of
        /// the passing calls may fail before any is refused. Lower reacts earlier, higher lets more pass.
        /// After an outage the number of passing calls grows K-fold in each window, so at 1 it would not
        /// grow: the throttle would never recover.
        public var multiplier: Double
        /// How long a call counts. 1 s … 10 min; default 30 s (the book's is two minutes, too long for a
        /// customer to wait for the end of an outage).
        public var window: Duration
        /// Requests in the window below which no call is refused. 0 … 1,000,000; default 10; 0 is the book's.
        public var minimumRequests: Int
        /// The largest share that is refused. Above 0, at most 1; default 0.9; 1 is the book's.
        public var maximumRejection: Double

        /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made
        /// with them.
        public init(
            multiplier: Double = 2, window: Duration = .seconds(30), minimumRequests: Int = 10,
            maximumRejection: Double = 0.9
        ) {
            self.multiplier = multiplier
            self.window = window
            self.minimumRequests = minimumRequests
            self.maximumRejection = maximumRejection
        }

        public static var policy: String { "Throttle" }

        public var problems: [String] {
            var check = ConfigurationCheck()
            check.require((1.1...100).contains(multiplier), "multiplier", multiplier, "from 1.1 to 100")
            check.require(
                window >= .seconds(1) && window <= .seconds(600), "window", window, "from 1 to 600 seconds")
            check.require(
                (0...1_000_000).contains(minimumRequests), "minimumRequests", minimumRequests,
                "from 0 to 1000000")
            check.require(
                maximumRejection > 0 && maximumRejection <= 1, "maximumRejection", maximumRejection,
                "above 0 and at most 1")
            return check.problems
        }
    }

    /// The throttle at one instant.
    public struct Snapshot: Sendable, Hashable {
        /// Calls in the last window whose outcome is known, and refused ones.
        public var requests: Int
        /// Those of them that the dependency answered, if only with a refusal.
        public var accepts: Int
        /// The share of calls that is refused now. 0 … 1.
        public var rejection: Double
    }

    @usableFromInline let environment: PolicyEnvironment
    private let state: Locked<ThrottleState>

    /// - Throws: ``InvalidConfiguration`` with every problem.
    public init(
        _ configuration: Configuration = Configuration(), environment: PolicyEnvironment = .init()
    ) throws(InvalidConfiguration) {
        try configuration.validate()
        self.environment = environment
        state = Locked(ThrottleState(configuration))
    }

    /// The numbers that count now.
    public var configuration: Configuration { state.withLock { $0.configuration } }

    /// Replaces the numbers at run time. What the last window held stays counted.
    /// - Throws: ``InvalidConfiguration``; the old numbers stay.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        state.withLock { $0.reconfigure(configuration) }
    }

    /// What is in the window now.
    public var snapshot: Snapshot {
        let now = environment.time.now()
        return state.withLock { $0.snapshot(now: now) }
    }

    @inlinable
    public func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        var context = context
        let now = context.now(environment.time)
        guard admit(now: now) else { throw .rejected(.throttled) }
        do throws(CallFailure<Failure>) {
            let value = try await operation(context)
            ended(.healthy, now: now)
            return value
        } catch {
            // A cancelled call, a hedge's loser too, says nothing about the other end, whatever error it ends
            // with.
            ended(Task.isCancelled ? .unknown : error.disposition.health, now: now)
            throw error
        }
    }

    @usableFromInline
    func admit(now: ContinuousClock.Instant) -> Bool {
        let rejection = state.withLock { $0.rejection(now: now) }
        // A random source is foreign code: it is called without the lock, and only if a draw is needed.
        guard rejection > 0, environment.random.unit() < rejection else { return true }
        state.withLock { $0.count(accepted: false, now: now) }
        environment.report(.rejected(.throttled))
        return false
    }

    /// `now` is when the call came: windows are much longer than calls, and reading the clock is dear
    /// compared with the rest of this.
    @usableFromInline
    func ended(_ health: Disposition.Health, now: ContinuousClock.Instant) {
        if health == .unknown { return }
        state.withLock { $0.count(accepted: health == .healthy, now: now) }
    }
}
