/// Sends a second try when the first takes unusually long, and takes the answer that comes first: against the
/// long tail.
///
/// After "The Tail at Scale" (Dean and Barroso, Communications of the ACM, 2013): the second try is sent only
/// once the first has taken longer than a percentile of the last 256 calls, which adds a few per cent of
/// load. Only idempotent calls (``CallContext/isIdempotent``) are hedged, only first tries
/// (``CallContext/attempt``), and only while the ``RetryBudget`` has a retry left; any other call passes
/// unchanged.
///
/// The first success wins; the other try is cancelled and **waited for**, so one that ignores cancellation
/// delays the call. A failure before the second try was sent is the answer (trying again is the job of
/// ``Retry``); after that the other try is waited for, unless the dependency refused (a refusal will not
/// change). If both fail, the first one's failure is the answer.
///
/// Only the first try is measured, even if the second wins: then as the time that it had taken so far.
/// Otherwise hedging would make latencies look better than they are, and hedge more and more. Failures aren't
/// measured.
///
/// It costs two child tasks and a sleep a call (about 8 µs), once there are enough samples.
///
/// **Cancellation** of the task cancels both tries; no second one is sent after it, and the call ends as the
/// tries do.
public final class Hedge: Policy {
    /// When a second try is sent.
    public struct Configuration: PolicyConfiguration {
        /// The share of calls without a second try. 0.5 … 0.99; default 0.95.
        public var percentile: Double
        /// The shortest time before a second try, however fast the calls are. Above zero, at most 1 min;
        /// default 5 ms.
        public var minimumDelay: Duration
        /// Calls that have to be measured before the first is hedged. 1 … 256; default 64.
        public var minimumSamples: Int

        /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made
        /// with them.
        public init(
            percentile: Double = 0.95, minimumDelay: Duration = .milliseconds(5), minimumSamples: Int = 64
        ) {
            self.percentile = percentile
            self.minimumDelay = minimumDelay
            self.minimumSamples = minimumSamples
        }

        public static var policy: String { "Hedge" }

        public var problems: [String] {
            var check = ConfigurationCheck()
            check.require((0.5...0.99).contains(percentile), "percentile", percentile, "from 0.5 to 0.99")
            check.require(
                minimumDelay > .zero && minimumDelay <= .seconds(60), "minimumDelay", minimumDelay,
                "above zero and at most one minute")
            check.require(
                (1...RecentLatencies.capacity).contains(minimumSamples), "minimumSamples", minimumSamples,
                "from 1 to \(RecentLatencies.capacity)")
            return check.problems
        }
    }

    @usableFromInline let environment: PolicyEnvironment
    /// Bounds the second tries of all calls together.
    public let budget: RetryBudget
    private let state: Locked<HedgeState>

    /// - Parameters:
    ///   - configuration: when a second try is due; every number has a default.
    ///   - budget: by default one of its own, a tenth of the calls. One that a ``Retry`` around the same
    ///     calls uses too would count each of them twice.
    ///   - environment: name, time, and the observer.
    /// - Throws: ``InvalidConfiguration`` with every problem.
    public init(
        _ configuration: Configuration = Configuration(), budget: RetryBudget = RetryBudget(),
        environment: PolicyEnvironment = .init()
    ) throws(InvalidConfiguration) {
        try configuration.validate()
        self.budget = budget
        self.environment = environment
        state = Locked(HedgeState(configuration))
    }

    /// The numbers that count now.
    public var configuration: Configuration { state.withLock { $0.configuration } }

    /// Replaces the numbers at run time; what has been measured stays.
    /// - Throws: ``InvalidConfiguration``; the old numbers stay.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        state.withLock { $0.configuration = configuration }
    }

    /// How long after the first try a second would be sent now; nil as long as fewer than `minimumSamples`
    /// were measured.
    public var delay: Duration? { state.withLock { $0.delay } }

    @inlinable
    public func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        guard context.isIdempotent, context.attempt == 1 else { return try await operation(context) }
        var context = context
        let start = context.now(environment.time)
        budget.deposit(now: start)
        // A second try at the deadline would be useless.
        if let delay, context.deadline.map({ $0.remaining(at: start) > delay }) ?? true {
            return try await race(context, start, delay, operation)
        }
        let value = try await operation(context)
        record(since: start)
        return value
    }

    @usableFromInline
    func record(since start: ContinuousClock.Instant) {
        let latency = start.duration(to: environment.time.now())
        state.withLock { $0.record(latency) }
    }

    @usableFromInline
    func race<Value: Sendable, Failure: Error>(
        _ context: CallContext, _ start: ContinuousClock.Instant, _ delay: Duration,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        let answer: Result<Value, CallFailure<Failure>> = await withoutActuallyEscaping(operation) {
            operation in
            await withTaskGroup(of: Ending<Value, Failure>.self) { group in
                @Sendable func attempt(_ which: HedgeRace<Value, Failure>.Try, _ context: CallContext) async
                    -> Ending<
                        Value, Failure
                    >
                {
                    do throws(CallFailure<Failure>) {
                        return .answered(which, .success(try await operation(context)))
                    } catch {
                        return .answered(which, .failure(error))
                    }
                }
                group.addTask { await attempt(.first, context) }
                group.addTask { [time = environment.time] in
                    do { try await time.sleep(delay) } catch { return .notDue }
                    return .due
                }
                var race = HedgeRace<Value, Failure>()
                while let ending = await group.next() {
                    switch ending {
                    case .due:
                        guard !Task.isCancelled, mayHedge() else { continue }
                        race.hedge()
                        var second = context
                        second.waited()
                        second.attempt += 1
                        group.addTask { [second] in await attempt(.second, second) }
                    case .notDue: continue
                    case .answered(let which, let result):
                        guard let answer = race.ended(which, result) else { continue }
                        if case .success = answer, race.firstFailure == nil { record(since: start) }
                        group.cancelAll()
                        return answer
                    }
                }
                // Never reached, since the first try always answers; the compiler can't see that.
                return .failure(.rejected(.cancelled))
            }
        }
        return try answer.get()
    }

    private func mayHedge() -> Bool {
        let allowed = budget.withdraw(now: environment.time.now())
        environment.report(allowed ? .hedged : .retryBudgetSpent)
        return allowed
    }
}

private enum Ending<Value: Sendable, Failure: Error>: Sendable {
    /// The time for a second try has come, or the timer was cancelled before.
    case due, notDue
    case answered(HedgeRace<Value, Failure>.Try, Result<Value, CallFailure<Failure>>)
}
