import Synchronization

/// Bounds the calls at once to what the service can work on, found out by measuring; more are refused at once
/// (``Rejection/limitReached``).
///
/// In front of a service whose capacity nobody knows, or that changes: a server's own door, or a dependency
/// that several share. Where the number is known, or calls are few (less than some tens a minute), use a
/// ``Bulkhead``. Nobody waits here.
///
/// ## How the limit is found By Little's law a service that answers in `base` when nobody queues, and gets
/// `x` calls a second done, works on `x × base` of them; what is in flight beyond that waits, and makes every
/// answer later and none sooner. So, for each window of outcomes, the mean latency is held against the base,
/// as TCP Vegas does (Brakmo and Peterson, 1995) and Netflix's concurrency-limits after it:
/// - Up to `tolerance × base` the limit grows by an eighth and one, provided that it was **used**: somebody
///   was refused, or four fifths of it were in flight. Without load it stays where it is. (It also grows up
///   to `base + slack`, and while no more than two calls can be queueing: less than that isn't worth refusing
///   anybody.)
/// - Above, it shrinks in proportion, to where half of that queueing would be left; by a half at most.
/// - A window in which a tenth or more of the calls fail (``Disposition/Health/faulty``: timeouts, no answer,
///   "busy") shrinks a used limit by half their share. A failed call's latency is not counted: failing fast
///   isn't being fast.
/// - Outcomes that say nothing (``Disposition/Health/unknown``) only give their place back.
///
/// The weak point of all of these is the base. The least latency ever seen is too little where calls differ,
/// and goes stale; a long-term mean (gradient2) takes a long overload for normal. Here it is **measured**, as
/// BBR does (Cardwell and others, 2016): at first, when three windows in a row were too slow or one was much
/// too fast, and every 4 to 64 windows in use, the limit is halved for a window. If that brings the latency
/// down there was a queue, and it is halved again; once it doesn't help, the latency that is left is the
/// service's own, and the limit goes to where Little's law then puts it. A service that has become slower or
/// faster for good so has a new base after a few windows. The latency at `minimum` is the base by definition:
/// the limit can't stick there. Means are compared with means, not with minima, and one outlier counts
/// little. All of it goes by outcomes, not by time: what has to be found out is found out after so many
/// calls.
///
/// The measuring costs 1 to 5 % of the goodput under full use, the more the fewer calls the service can work
/// on. In a simulated queue, at 2 and 5 times its capacity, goodput is 94 to 99 % of it (87 % at worst, with
/// 4 workers and exponential service times), and 99 of 100 calls take less than 3.5 mean service times (one
/// worker: 7; exponential: 6.5).
///
/// Not for a service whose queue is mostly somebody else's: halving one's own share of it doesn't help, and
/// it passes for the service's own pace.
///
/// ## Who is refused first Ranks 0, 1, 2 and 3 (and beyond, as the nearest) of ``Priority`` may begin a call
/// while less than 50, 75, 90 and 100 % of the limit are in flight, rounded down, but at least one. Without
/// other traffic the limit becomes about twice what rank 0 alone can use: what counts for it is what is in
/// flight.
///
/// **Cancellation** is passed on; the place comes back and nothing is learned.
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

    /// The limit at one moment.
    public struct Snapshot: Sendable, Hashable {
        /// Calls that may be in flight at once.
        public var limit: Int
        /// Calls that are. More than `limit` only just after it was lowered.
        public var inFlight: Int
        /// Calls that were refused so far, by rank: four numbers.
        public var refused: [Int]
        /// The mean latency without queueing, as last measured; nil before that.
        public var baseLatency: Duration?
        /// Whether the limit is lowered at the moment only to measure that.
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
    /// is only for the beginning.
    /// - Throws: ``InvalidConfiguration``; the old numbers stay.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        report(state.withLock { $0.reconfigure(configuration) })
    }

    /// The limit, what is in flight and what was refused, at this moment.
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
            // A call that was called off says nothing about the other end, whatever error that looks like.
            settle(Task.isCancelled ? .unknown : error.disposition.health, since: start)
            throw error
        }
    }

    // MARK: Permits, for those who make the call themselves

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
