/// Repeats calls that may succeed another time: with backoff, jitter and a budget, and never past the
/// deadline.
///
/// A try follows only if all of this holds: the call is idempotent (``CallContext/isIdempotent``), the
/// failure may pass (``Disposition/isRetryable``; a refusal of another policy, such as an open breaker's,
/// never does), tries are left, the wait fits before the deadline, and the ``RetryBudget`` has one left.
/// Otherwise the call ends at once with its last failure. The wait is drawn from ``Backoff``, and added to
/// the `Retry-After` of the dependency, if it sent one; both together never exceed ``Backoff/cap``, and a
/// dependency that asks for more than that is not tried again.
///
/// Only one layer retries: a call that is a second try already (``CallContext/attempt``) is passed on once.
///
/// **Cancellation.** A task that is cancelled before or while it waits for its next try ends at once with
/// ``Rejection/cancelled``, not with the last failure: the caller gave up, and no policy around this one
/// should count that against the dependency.
public final class Retry: Policy {
    /// How often and after which waits a call is tried again.
    public struct Configuration: PolicyConfiguration {
        /// Tries in all, the first included. 1 … 10; default 3.
        public var attempts: Int
        /// The waits between them. By default 25 ms, doubling, up to 250 ms, with full jitter, as Envoy does:
        /// for calls within a data centre for which a customer waits.
        public var backoff: Backoff
        /// The time that has to be left until the deadline, after the wait, for a try to be made. 0 … 1 min;
        /// default 5 ms.
        public var minimumAttempt: Duration

        /// Any numbers; what is wrong with them, the backoff's included, is listed by ``problems``, and
        /// refused by whatever is made with them.
        public init(
            attempts: Int = 3, backoff: Backoff = Backoff(base: .milliseconds(25), cap: .milliseconds(250)),
            minimumAttempt: Duration = .milliseconds(5)
        ) {
            self.attempts = attempts
            self.backoff = backoff
            self.minimumAttempt = minimumAttempt
        }

        public static var policy: String { "Retry" }

        public var problems: [String] {
            var check = ConfigurationCheck()
            check.require((1...10).contains(attempts), "attempts", attempts, "from 1 to 10")
            check.require(
                minimumAttempt >= .zero && minimumAttempt <= .seconds(60), "minimumAttempt", minimumAttempt,
                "from zero to one minute")
            return check.problems + backoff.problems(prefix: "backoff.")
        }
    }

    @usableFromInline let environment: PolicyEnvironment
    /// Bounds the retries of all calls together; nil: nothing does.
    public let budget: RetryBudget?
    private let current: Locked<Configuration>

    /// - Parameters:
    ///   - configuration: how often and when; every number has a default.
    ///   - budget: share it among all callers of the same dependency. Without one (nil), an outage multiplies
    ///     the load by `attempts`.
    ///   - environment: name, time, random source, and the observer.
    /// - Throws: ``InvalidConfiguration`` with every problem.
    public init(
        _ configuration: Configuration = Configuration(), budget: RetryBudget?,
        environment: PolicyEnvironment = .init()
    ) throws(InvalidConfiguration) {
        try configuration.validate()
        self.budget = budget
        self.environment = environment
        current = Locked(configuration)
    }

    /// The numbers; a call whose first try has failed keeps the numbers that it began with.
    public var configuration: Configuration { current.withLock { $0 } }

    /// - Throws: ``InvalidConfiguration``; the old numbers stay.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        current.withLock { $0 = configuration }
    }

    @inlinable
    public func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        guard context.attempt == 1 else { return try await operation(context) }
        var context = context
        if let budget { budget.deposit(at: context.instant(environment.time)) }
        do throws(CallFailure<Failure>) {
            return try await operation(context)
        } catch {
            guard context.isIdempotent, error.disposition.isRetryable else { throw error }
            return try await again(context, error, operation)
        }
    }

    /// Everything after the first failure.
    @usableFromInline
    func again<Value: Sendable, Failure: Error>(
        _ context: CallContext, _ first: CallFailure<Failure>,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        var context = context
        var failure = first
        var state = RetryState(configuration)
        while true {
            try await wait(after: failure, &state, &context)
            do throws(CallFailure<Failure>) {
                return try await operation(context)
            } catch {
                failure = error
            }
        }
    }

    /// Returns when the next try is due.
    /// - Throws: `failure` if there is none; ``Rejection/cancelled``.
    private func wait<Failure: Error>(
        after failure: CallFailure<Failure>, _ state: inout RetryState, _ context: inout CallContext
    ) async throws(CallFailure<Failure>) {
        context.waited()
        let now = context.now(environment.time)
        let failed = state.attempt
        let decision = state.failed(
            failure.disposition, deadline: context.deadline, now: now, random: environment.random)
        guard case .wait(let delay) = decision else { throw failure }
        if Task.isCancelled { throw .rejected(.cancelled) }
        if let budget, !budget.withdraw(now: now) {
            environment.report(.retryBudgetSpent)
            throw failure
        }
        environment.report(.retrying(attempt: failed, delay: delay))
        do {
            try await environment.time.sleep(delay)
        } catch {
            throw .rejected(.cancelled)
        }
        context.waited()
        context.attempt = state.attempt
        // A sleep may end late: a try that begins after the deadline is useless.
        if let deadline = context.deadline, deadline.hasPassed(at: context.now(environment.time)) {
            throw failure
        }
    }
}
