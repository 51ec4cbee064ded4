import Synchronization

/// Bounds the calls at once to what the service can work on, found by measuring; more are refused at once
/// (``Rejection/limitReached``).
///
/// For a service whose capacity is unknown or changes: a server's own admission, or a dependency that several
/// callers share. Where the number is known, or calls are few (less than some tens a minute), use a
/// ``Bulkhead``. No call waits here.
///
/// ## How the limit is found
/// By Little's law a service that answers in `base` without a queue, and completes `x` calls a second, works
/// on `x × base` of them; more in flight only queue, and make every answer later. So, for each window of
/// outcomes, the mean latency is compared with the base, as TCP Vegas does (Brakmo and Peterson, 1995) and
/// Netflix's concurrency-limits after it:
/// - Up to `tolerance × base` the limit grows by an eighth and one, provided that it was **used**: a call was
///   refused, or four fifths of it were in flight. Without load it stays where it is. (It also grows up to
///   `base + slack`, and while at most two calls can be queueing: less than that isn't worth a refusal.)
/// - Above, it shrinks in proportion, to where half of that queueing would be left; by a half at most.
/// - A window in which a tenth or more of the calls fail (``Disposition/Health/faulty``: timeouts, no answer,
///   "busy") shrinks a used limit by half their share. A failed call's latency is not counted: failing fast
///   isn't being fast.
/// - Outcomes that say nothing (``Disposition/Health/unknown``) only give their permit back.
///
/// The weak point of such algorithms is the base. The least latency ever seen is too little where calls
/// differ, and becomes outdated; a long-term mean (gradient2) takes a long overload for normal. Here it is
/// **measured**, as BBR does (Cardwell and others, 2016): at first, when three windows in a row were too slow
/// or one was much too fast, and every 4 to 64 windows in use, the limit is halved for a window. If the
/// latency falls there was a queue, and the limit is halved again; once it no longer falls, the rest is the
/// service's own latency, and the limit is set by Little's law. So a service that has become slower or faster
/// for good has a new base after a few windows. The latency at `minimum` is the base by definition: the limit
/// can't stick there. Means are compared with means, not with minima, and one outlier counts little.
/// Everything is decided by counts of outcomes, not by time.
///
/// The measuring costs 1 to 5 % of the goodput under full use; the smaller the capacity, the more. In a
/// simulated queue, at 2 and 5 times its capacity, goodput is 94 to 99 % of it (87 % at worst, with 4 workers
/// and exponential service times), and 99 of 100 calls take less than 3.5 mean service times (one worker: 7;
/// exponential: 6.5).
///
/// Not for a service whose queue is mostly made by other callers: halving one's own share doesn't shorten it,
/// and its latency is taken for the service's own.
///
/// ## Which calls are refused first
/// Ranks 0, 1, 2 and 3 (and beyond, as the nearest) of ``Priority`` may begin a call while less than 50, 75,
/// 90 and 100 % of the limit are in flight, rounded down, but at least one. With calls of rank 0 alone the
/// limit becomes about twice what they can use, since calls in flight decide about it.
///
/// **Cancellation** is passed on; the permit comes back and nothing is learned.
public final class AdaptiveLimit: Policy {
    /// The right to make one call; it has to be given back with ``AdaptiveLimit/release(_:outcome:at:)``.
    /// Only the first time counts; one that is dropped comes back by itself, and nothing is learned.
    public final class Permit: Sendable {
        /// When the call began.
        public let start: ContinuousClock.Instant
        fileprivate let limit: AdaptiveLimit
        private let isBack = Atomic(false)

        fileprivate init(of limit: AdaptiveLimit, start: ContinuousClock.Instant) {
            self.limit = limit
            self.start = start
        }

        fileprivate func giveBack(_ outcome: Disposition.Health, after latency: Duration) {
            if !isBack.exchange(true, ordering: .relaxed) { limit.settle(outcome, after: latency) }
        }

        deinit { giveBack(.unknown, after: .zero) }
    }

    /// The limit at one instant.
    public struct Snapshot: Sendable, Hashable {
        /// Calls that may be in flight at once.
        public var limit: Int
        /// Calls that are. More than `limit` only just after it was lowered.
        public var inFlight: Int
        /// Calls that were refused so far, by rank: four numbers.
        public var refused: [Int]
        /// The mean latency without queueing, as last measured; nil before that.
        public var baseLatency: Duration?
        /// Whether the limit is lowered only to measure that.
        public var isMeasuring: Bool
    }

    @usableFromInline let environment: PolicyEnvironment
    @usableFromInline let state: Locked<AdaptiveLimitState>

    /// - Throws: ``InvalidConfiguration`` with every problem.
    public init(_ configuration: Configuration = .init(), environment: PolicyEnvironment = .init())
        throws(InvalidConfiguration)
    {
        try configuration.validate()
        self.environment = environment
        state = Locked(AdaptiveLimitState(configuration))
    }

    /// The numbers that count now.
    public var configuration: Configuration { state.withLock { $0.search.configuration } }

    /// Replaces the numbers while calls are running. What was learned stays, within the new bounds; `initial`
    /// only counts at the beginning.
    /// - Throws: ``InvalidConfiguration``; the old numbers stay.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        report(state.withLock { $0.reconfigure(configuration) })
    }

    /// The limit, what is in flight and what was refused, now.
    public var snapshot: Snapshot {
        state.withLock { state in
            Snapshot(
                limit: state.limit, inFlight: state.inFlight, refused: (0..<4).map { state.refused[$0] },
                baseLatency: state.search.base.map(LimitSearch.duration), isMeasuring: state.search.isProbing)
        }
    }

    @inlinable
    public func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        var context = context
        let start = context.moment(environment.time)
        guard admit(rank: context.priority.rank) else {
            environment.report(.rejected(.limitReached))
            throw .rejected(.limitReached)
        }
        do throws(CallFailure<Failure>) {
            let value = try await operation(context)
            settle(.healthy, since: start)
            return value
        } catch {
            // A cancelled call says nothing about the other end, whatever error it ends with.
            settle(Task.isCancelled ? .unknown : error.disposition.health, since: start)
            throw error
        }
    }

    // MARK: Permits, without `apply`

    /// Asks to make a call that begins at `now`. Reports no event; ``Snapshot/refused`` counts.
    ///
    /// - Returns: nil when the limit is reached for this priority.
    public func tryAcquire(priority: Priority, at now: ContinuousClock.Instant) -> Permit? {
        admit(rank: priority.rank) ? Permit(of: self, start: now) : nil
    }

    /// Gives a permit back: what became of the call that ended at `now`. Giving it back twice changes
    /// nothing, nor does a permit of another limit.
    public func release(_ permit: Permit, outcome: Disposition.Health, at now: ContinuousClock.Instant) {
        if permit.limit === self { permit.giveBack(outcome, after: permit.start.duration(to: now)) }
    }

    @usableFromInline
    func admit(rank: Int) -> Bool { state.withLock { $0.tryAcquire(rank: rank) } }

    @usableFromInline
    func settle(_ health: Disposition.Health, since start: Instant) {
        settle(health, after: start.duration(to: environment.time.moment()))
    }

    private func settle(_ health: Disposition.Health, after latency: Duration) {
        report(state.withLock { $0.release(health, after: latency) })
    }

    private func report(_ change: AdaptiveLimitState.Change?) {
        if let change { environment.report(.limitChanged(from: change.from, to: change.to)) }
    }
}
