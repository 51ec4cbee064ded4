import Synchronization

/// Refuses calls to a dependency that keeps failing or is slow, so that no caller waits for it and it can
/// recover; and finds out by a few probes when it is back (M. Nygard, *Release It!*, 2007).
///
/// A permit carries the generation it was given in, so that an answer that comes after a change of phase
/// counts for nothing. A probe's permit comes back when its call succeeds, fails, is cancelled or says
/// nothing, and is given up after ``Configuration/probeTimeout``: a breaker can't stick.
///
/// A refused call ends as ``Rejection/circuitOpen(retryAfter:)``. The call's ``Disposition`` decides what
/// counts as a failure.
///
/// **Cancellation** is passed on. A call that fails in a cancelled task counts for nothing, and a probe's
/// permit comes back.
///
/// Don't use one for rare calls: without ``Configuration/minimumCalls`` in the window it never opens, and
/// with a small minimum it opens by accident.
public final class CircuitBreaker: Policy {
    /// The right to make one call; it has to be given back with ``settle(_:_:slow:at:)``. Only the first time
    /// counts; one that is dropped comes back by itself, saying nothing.
    public final class Permit: Sendable, Hashable {
        fileprivate let breaker: CircuitBreaker
        let grant: BreakerState.Grant
        private let isBack = Atomic(false)

        fileprivate init(_ grant: BreakerState.Grant, of breaker: CircuitBreaker) {
            self.grant = grant
            self.breaker = breaker
        }

        /// Whether this call is a probe of a dependency that was failing.
        public var isProbe: Bool { grant.isProbe }

        /// True once.
        fileprivate func giveBack() -> Bool { !isBack.exchange(true, ordering: .relaxed) }

        deinit {
            if isProbe, giveBack() {
                breaker.settle(grant, .unknown, slow: false, at: breaker.environment.time.now())
            }
        }

        public static func == (left: Permit, right: Permit) -> Bool { left === right }

        public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
    }

    /// A breaker's answer to a caller.
    public enum Admission: Sendable, Hashable {
        /// Make the call, and give the permit back.
        case permit(Permit)
        /// In about `retryAfter` a probe is due; nil when the breaker is forced open.
        case refused(retryAfter: Duration?)
    }

    /// The state of a breaker at one instant.
    public struct Snapshot: Sendable, Hashable {
        /// What it does with calls.
        public var phase: BreakerPhase
        /// Who decides what it does.
        public var control: BreakerControl
        /// Why it is in this phase, in words.
        public var reason: String
        /// Calls in the window, and how many of them failed and were slow.
        public var calls: Int
        /// How many of them failed.
        public var failures: Int
        /// How many of them were slow.
        public var slowCalls: Int
        /// Openings in a row.
        public var openings: Int
        /// What is left of the open duration; zero when it isn't open, nil when it is forced open.
        public var retryAfter: Duration?
    }

    @usableFromInline let environment: PolicyEnvironment
    private let state: Locked<BreakerState>
    /// The generation whose calls pass without the lock; zero when none do.
    private let passing: Atomic<UInt32>
    private let stripes: StripedCounter
    /// In ticks: from when on a call is slow, and when the window's youngest slice ends (since `epoch`).
    private let slowTicks: Atomic<Int64>
    private let sliceEndTicks: Atomic<Int64>
    private let epoch: Instant

    /// - Throws: ``InvalidConfiguration`` with every problem.
    public init(_ configuration: Configuration = .init(), environment: PolicyEnvironment = .init())
        throws(InvalidConfiguration)
    {
        try configuration.validate()
        self.environment = environment
        let now = environment.time.now()
        epoch = Instant(now)
        let fresh = BreakerState(configuration, now: now)
        passing = Atomic(fresh.generation)
        stripes = StripedCounter(generation: fresh.generation)
        slowTicks = Atomic(configuration.slowCall.map(Self.ticks) ?? .max)
        sliceEndTicks = Atomic(
            fresh.sliceEnd.map { [epoch] in Self.ticks(epoch.duration(to: Instant($0))) } ?? .max)
        state = Locked(fresh)
    }

    @inlinable
    public func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        var context = context
        let start = context.instant(environment.time)
        let grant: BreakerState.Grant
        switch admit(at: start) {
        case .granted(let given): grant = given
        case .refused(let retryAfter):
            environment.report(.rejected(.circuitOpen(retryAfter: retryAfter)))
            throw .rejected(.circuitOpen(retryAfter: retryAfter))
        }
        do throws(CallFailure<Failure>) {
            let value = try await operation(context)
            settle(grant, .healthy, since: start)
            return value
        } catch {
            // A cancelled call says nothing about the other end, whatever error it ends with.
            settle(grant, Task.isCancelled ? .unknown : error.disposition.health, since: start)
            throw error
        }
    }

    // MARK: Permits, without `apply`

    /// Asks to make a call at `now`. An open breaker whose open duration is over becomes half-open by this.
    /// Reports no refusal.
    public func acquire(at now: ContinuousClock.Instant) -> Admission {
        switch admit(at: Instant(now)) {
        case .granted(let grant): .permit(Permit(grant, of: self))
        case .refused(let retryAfter): .refused(retryAfter: retryAfter)
        }
    }

    /// Gives a permit back: what became of the call, and whether it was slow. Giving it back twice changes
    /// nothing, nor does a permit of another breaker.
    public func settle(
        _ permit: Permit, _ health: Disposition.Health, slow: Bool, at now: ContinuousClock.Instant
    ) {
        guard permit.breaker === self, permit.giveBack() else { return }
        settle(permit.grant, health, slow: slow, at: now)
    }

    @usableFromInline
    func admit(at now: Instant) -> BreakerState.Admission {
        let generation = passing.load(ordering: .relaxed)
        if generation != 0 { return .granted(BreakerState.Grant(generation: generation)) }
        return admitSlowly(at: now.instant)
    }

    private func settle(
        _ grant: BreakerState.Grant, _ health: Disposition.Health, slow: Bool, at now: ContinuousClock.Instant
    ) {
        guard health != .unknown || grant.isProbe else { return }
        change(at: now) { $0.settle(grant, health, slow: slow, at: now) }
    }

    @usableFromInline
    func settle(_ grant: BreakerState.Grant, _ health: Disposition.Health, since start: Instant) {
        let slowTicks = slowTicks.load(ordering: .relaxed)
        let sliceEndTicks = sliceEndTicks.load(ordering: .relaxed)
        // With a window of calls and no slow calls the time isn't needed.
        let isTimed = slowTicks != .max || sliceEndTicks != .max || health != .healthy || grant.isProbe
        let now = isTimed ? environment.time.instant() : start
        let isSlow = isTimed && Self.ticks(start.duration(to: now)) >= slowTicks
        if health == .healthy, !isSlow, !grant.isProbe, Self.ticks(epoch.duration(to: now)) < sliceEndTicks,
            stripes.count(generation: grant.generation)
        {
            return
        }
        settle(grant, health, slow: isSlow, at: now.instant)
    }

    /// About a nanosecond (2³⁰ attoseconds): a shift where a division would cost as much as the rest.
    private static func ticks(_ duration: Duration) -> Int64 {
        Int64(truncatingIfNeeded: duration.attoseconds >> 30)
    }

    /// Notes that a call of the same kind, which needed no permit of this breaker, has succeeded after
    /// `elapsed`: one of another criticality, for example. While the breaker isn't closed this counts as much
    /// as a probe does, unless it was slow by this breaker's numbers; it shortens no open duration. A closed
    /// breaker takes no notice, and failures are never noted.
    public func noteSuccess(after elapsed: Duration) {
        guard passing.load(ordering: .relaxed) == 0 else { return }
        let now = environment.time.now()
        change(at: now) { state in
            if let slow = state.configuration.slowCall, elapsed >= slow { return nil }
            return state.noteSuccess(at: now)
        }
    }

    private func admitSlowly(at now: ContinuousClock.Instant) -> BreakerState.Admission {
        let (admission, change) = state.withLock { state -> (BreakerState.Admission, BreakerState.Change?) in
            let result = state.acquire(at: now)
            if result.change != nil { publish(state) }
            return result
        }
        if let change { report(change) }
        return admission
    }

    // MARK: Control

    /// The breaker's phase, at little cost: for metrics.
    public var phase: BreakerPhase {
        closeIfProven()
        return state.withLock { $0.phase }
    }

    /// Whether a call would pass without being a probe: always true for a breaker that only observes.
    public var isClosed: Bool {
        if passing.load(ordering: .relaxed) != 0 { return true }
        closeIfProven()
        return state.withLock { $0.isClosed || $0.control == .observing }
    }

    /// Whether a call made now would be a probe: the open duration is over, and there is room for one more.
    public var isProbeDue: Bool {
        let now = environment.time.now()
        return state.withLock { $0.isProbeDue(at: now) }
    }

    /// Its current state, and the reason.
    public var snapshot: Snapshot {
        closeIfProven()
        let now = environment.time.now()
        return state.withLock { state in
            state.add(successes: stripes.collect(beginning: state.generation), at: now)
            publish(state)
            return Snapshot(
                phase: state.phase, control: state.control, reason: state.reason, calls: state.tally.calls,
                failures: state.tally.failures, slowCalls: state.tally.slow, openings: state.openings,
                retryAfter: state.retryAfter(at: now))
        }
    }

    /// The numbers that count now.
    public var configuration: Configuration { state.withLock { $0.configuration } }

    /// New numbers for the calls from now on; the window begins anew if its own number has changed. A
    /// half-open breaker closes if enough of its probes have succeeded by the new number; an open one stays
    /// open no longer than the new open duration.
    /// - Throws: ``InvalidConfiguration`` with every problem; the old numbers stay.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        let now = environment.time.now()
        change(at: now) { $0.reconfigure(configuration, at: now) }
    }

    /// Who decides what it does.
    public var control: BreakerControl { state.withLock { $0.control } }

    /// Forces the breaker, has it only observe, or makes it automatic again: it then begins closed.
    public func set(_ control: BreakerControl) {
        let now = environment.time.now()
        change(at: now) { $0.set(control, at: now) }
    }

    /// Noted successes take effect when the open duration is over, and no event marks that: so this is
    /// checked before the phase is read.
    private func closeIfProven() {
        guard passing.load(ordering: .relaxed) == 0 else { return }
        let now = environment.time.now()
        change(at: now) { $0.closeIfProven(at: now) }
    }

    /// One transition under the lock: what was counted without it goes in first, what others read without it
    /// is published after.
    private func change(
        at now: ContinuousClock.Instant, _ transition: (inout BreakerState) -> BreakerState.Change?
    ) {
        let change = state.withLock { state -> BreakerState.Change? in
            state.add(successes: stripes.collect(beginning: state.generation), at: now)
            let change = transition(&state)
            publish(state)
            return change
        }
        if let change { report(change) }
    }

    /// Publishes what is read without the lock. Call with the lock held.
    private func publish(_ state: borrowing BreakerState) {
        slowTicks.store(state.configuration.slowCall.map(Self.ticks) ?? .max, ordering: .relaxed)
        sliceEndTicks.store(
            state.sliceEnd.map { Self.ticks(epoch.duration(to: Instant($0))) } ?? .max, ordering: .relaxed)
        guard passing.load(ordering: .relaxed) != (state.isClosed ? state.generation : 0) else { return }
        // The stripes have to have the new generation before any call gets a permit of it.
        passing.store(0, ordering: .relaxed)
        _ = stripes.collect(beginning: state.generation)
        passing.store(state.isClosed ? state.generation : 0, ordering: .relaxed)
    }

    private func report(_ change: BreakerState.Change) {
        environment.report(.breakerChanged(from: change.from, to: change.to, reason: change.reason))
    }
}
