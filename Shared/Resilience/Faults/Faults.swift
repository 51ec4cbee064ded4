public import Synchronization

/// Injects faults into a share of the calls for a limited time. Put it **innermost**, so that every other
/// policy sees a fault as it would see the real one.
///
/// As a ``Policy`` it uses its environment's name as the route, and does what means the same everywhere:
/// - **latency** waits. If the deadline comes first the call ends as ``Rejection/timedOut``, which counts
///   against the dependency, as a really slow one would.
/// - **black hole** waits until the deadline (``Rejection/timedOut``) or the caller's cancellation
///   (``Rejection/cancelled``), for ever if need be; ``clear()`` doesn't end such a wait.
/// - **error**, **abort** and **garbage** end the call as ``Rejection/injected(_:)``.
///
/// An HTTP server or client, which knows what an error or garbage looks like, asks
/// ``decide(_:priority:now:)`` instead, and acts on the answer. One set of faults is active at a time.
/// Without one a call costs one more relaxed atomic load.
public final class Faults: Policy {
    /// The decisions are to be carried out by its time source.
    public let environment: PolicyEnvironment
    @usableFromInline let isArmed = Atomic(false)
    private let state = Locked(FaultsState())

    /// Nothing is injected until ``set(_:)``.
    public init(environment: PolicyEnvironment = .init()) { self.environment = environment }

    /// Replaces the active faults and their counts by `faults`, all at once; they apply in the order listed.
    /// Calls that a former fault holds stay with it.
    /// - Throws: ``InvalidConfiguration`` with every problem of every fault; the old set stays. At most 100
    ///   faults.
    public func set(_ faults: [Fault]) throws(InvalidConfiguration) {
        var problems = faults.enumerated().flatMap { index, fault in
            fault.problems.map { "faults[\(index)].\($0)" }
        }
        if faults.count > 100 {
            problems.append("faults has \(faults.count) entries; it must have at most 100")
        }
        guard problems.isEmpty else { throw InvalidConfiguration(policy: "Faults", problems: problems) }
        let (now, random) = (environment.time.now(), environment.random)
        state.withLock { state in
            state.replace(with: faults, now: now, seed: random.next)
            isArmed.store(!faults.isEmpty, ordering: .relaxed)
        }
    }

    /// Ends every fault, and forgets its counts.
    public func clear() {
        let now = environment.time.now()
        state.withLock { state in
            state.replace(with: [], now: now, seed: { 0 })
            isArmed.store(false, ordering: .relaxed)
        }
    }

    /// The faults for the call of this name; nil when it is spared. It is counted as bitten from here on, so
    /// carry them out.
    ///
    /// - Parameters:
    ///   - route: compared with ``Fault/route``, letter by letter.
    ///   - priority: compared with ``Fault/priority``; evaluated only while faults are set. nil if it is
    ///     unknown.
    ///   - now: the time, if the caller has read the clock already.
    @inlinable
    public func decide(
        _ route: String, priority: @autoclosure () -> Priority? = nil, now: ContinuousClock.Instant? = nil
    ) -> Injection? {
        guard isArmed.load(ordering: .relaxed) else { return nil }
        return injection(route, priority(), now: now ?? environment.time.now())
    }

    @usableFromInline
    func injection(_ route: String, _ priority: Priority?, now: ContinuousClock.Instant) -> Injection? {
        let decision = state.withLock { state in
            let decision = state.decide(route, priority, now: now)
            if decision == nil, state.isOver(now) { isArmed.store(false, ordering: .relaxed) }
            return decision
        }
        guard let decision else { return nil }
        for bite in decision.before + decision.after {
            environment.report(.faultInjected(bite.kind.rawValue))
        }
        return Injection(before: decision.before, after: decision.after) { [self] in
            state.withLock { $0.end(decision) }
        }
    }

    /// The last set of faults: what is left of it, and what it has done so far.
    public var snapshot: Snapshot {
        let now = environment.time.now()
        return state.withLock { state in
            Snapshot(
                faults: state.faults.map { active in
                    Snapshot.Entry(
                        fault: active.fault, remaining: max(.zero, now.duration(to: active.expires)),
                        considered: active.considered, bitten: active.bitten, running: active.running)
                })
        }
    }

    /// The state of the last set of faults.
    public struct Snapshot: Sendable, Hashable {
        /// One fault and its counts.
        public struct Entry: Sendable, Hashable {
            /// As it was set; where it had no seed, with the random one that was chosen.
            public var fault: Fault
            /// The time until it expires; zero when it has.
            public var remaining: Duration
            /// Calls of its route and priority while it was active.
            public var considered: Int
            /// Those of them that it was injected into.
            public var bitten: Int
            /// Those of them that it still holds.
            public var running: Int

            /// Whether it may still bite.
            public var isActive: Bool { remaining > .zero }
        }

        /// In the order in which they were set, the expired ones included.
        public var faults: [Entry]
    }
}
