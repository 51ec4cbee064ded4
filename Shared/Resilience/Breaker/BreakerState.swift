/// A breaker's decisions, without clock, lock or waiting: each event goes in with its time, the decision
/// comes out.
@usableFromInline
struct BreakerState: Sendable {
    struct Change: Sendable, Equatable {
        var from: BreakerPhase
        var to: BreakerPhase
        var reason: String
    }

    /// The right to make one call, inside the state machine.
    @usableFromInline
    struct Grant: Sendable, Hashable {
        let generation: UInt32
        /// Zero for a call that passes a closed breaker.
        var probe: UInt32 = 0

        /// Passes, and counts for nothing: its generation never exists.
        static let uncounted = Grant(generation: 0)

        var isProbe: Bool { probe != 0 }
    }

    /// The answer to a request for a call.
    @usableFromInline
    enum Admission: Sendable, Hashable {
        case granted(Grant)
        case refused(retryAfter: Duration?)
    }

    private struct Probe {
        var id: UInt32
        var since: ContinuousClock.Instant
    }

    private(set) var configuration: CircuitBreaker.Configuration
    private(set) var control = BreakerControl.automatic
    private(set) var phase = BreakerPhase.closed
    /// Increased with every change of phase: a permit of an earlier generation counts for nothing.
    private(set) var generation: UInt32 = 1
    private(set) var reason = "never opened"
    private var window: OutcomeWindow
    private var probes: [Probe] = []
    private var lastProbe: UInt32 = 0
    /// Probes that have succeeded, and successes that were noted, since it last opened.
    private var probeSuccesses = 0
    private var openUntil: ContinuousClock.Instant
    private var closedSince: ContinuousClock.Instant
    /// Openings in a row, without a long enough closed time between them.
    private(set) var openings = 0

    init(_ configuration: CircuitBreaker.Configuration, now: ContinuousClock.Instant) {
        self.configuration = configuration
        window = OutcomeWindow(configuration.window, now: now)
        openUntil = now
        closedSince = now
    }

    var tally: OutcomeWindow.Tally { window.tally }
    var sliceEnd: ContinuousClock.Instant? { window.sliceEnd }

    /// Whether calls pass without asking: they only have to be counted.
    var isClosed: Bool { phase == .closed && control != .forcedOpen }

    /// What is left of the open duration: zero when a probe is due, nil when the breaker is forced open.
    func retryAfter(at now: ContinuousClock.Instant) -> Duration? {
        if control == .forcedOpen { return nil }
        return phase == .open ? max(.zero, now.duration(to: openUntil)) : .zero
    }

    /// Whether a call at `now` would be let through as a probe.
    func isProbeDue(at now: ContinuousClock.Instant) -> Bool {
        guard control != .forcedOpen, control != .forcedClosed else { return false }
        switch phase {
        case .closed: return false
        case .open: return now >= openUntil
        case .halfOpen:
            let running = probes.count { $0.since.duration(to: now) < configuration.probeTimeout }
            return running + probeSuccesses < configuration.probes
        }
    }

    // MARK: Calls

    mutating func acquire(at now: ContinuousClock.Instant) -> (admission: Admission, change: Change?) {
        switch control {
        case .forcedOpen: return (.refused(retryAfter: nil), nil)
        case .forcedClosed where phase != .closed: return (.granted(.uncounted), nil)
        case .automatic, .observing, .forcedClosed: break
        }
        var change = closeIfProven(at: now)
        if phase == .open, now >= openUntil {
            change = move(to: .halfOpen, "the open duration is over", at: now)
        }
        if let grant = grant(at: now) { return (.granted(grant), change) }
        return (
            control == .observing ? .granted(.uncounted) : .refused(retryAfter: retryAfter(at: now)), change
        )
    }

    private mutating func grant(at now: ContinuousClock.Instant) -> Grant? {
        switch phase {
        case .closed: return Grant(generation: generation)
        case .open: return nil
        case .halfOpen:
            // A probe that never came back must not keep the breaker from closing.
            probes.removeAll { $0.since.duration(to: now) >= configuration.probeTimeout }
            guard probes.count + probeSuccesses < configuration.probes else { return nil }
            lastProbe += 1
            probes.append(Probe(id: lastProbe, since: now))
            return Grant(generation: generation, probe: lastProbe)
        }
    }

    /// A granted call has ended. Its outcome doesn't count if the grant is of an earlier phase.
    mutating func settle(
        _ grant: Grant, _ health: Disposition.Health, slow: Bool, at now: ContinuousClock.Instant
    ) -> Change? {
        guard grant.generation == generation else { return nil }
        switch phase {
        case .open: return nil
        case .closed: return count(health, slow: slow, at: now)
        case .halfOpen: return conclude(probe: grant.probe, health, slow: slow, at: now)
        }
    }

    /// A call of the same kind that needed no permit of this breaker has succeeded, and was not slow: counts
    /// as much as a probe, but only once the open duration is over.
    mutating func noteSuccess(at now: ContinuousClock.Instant) -> Change? {
        guard phase != .closed, control == .automatic || control == .observing else { return nil }
        probeSuccesses += 1
        return closeIfProven(at: now)
    }

    /// Closes once probes and noted successes together are as many as have to succeed.
    mutating func closeIfProven(at now: ContinuousClock.Instant) -> Change? {
        guard phase != .closed, control == .automatic || control == .observing,
            probeSuccesses >= configuration.probes,
            phase == .halfOpen || now >= openUntil
        else { return nil }
        return move(to: .closed, "\(probeSuccesses) probes succeeded", at: now)
    }

    /// Calls that passed while closed, succeeded, and were not slow.
    mutating func add(successes: Int, at now: ContinuousClock.Instant) {
        if phase == .closed { window.add(successes: successes) }
        window.advance(to: now)
    }

    private mutating func count(_ health: Disposition.Health, slow: Bool, at now: ContinuousClock.Instant)
        -> Change?
    {
        guard health != .unknown else { return nil }
        window.add(failed: health == .faulty, slow: slow, now: now)
        // Only failures open a breaker: successes are counted in bulk, and no decision may depend on when.
        guard health == .faulty || slow, control != .forcedClosed,
            window.tally.calls >= configuration.minimumCalls
        else {
            return nil
        }
        let (calls, failures, slows) = (window.tally.calls, window.tally.failures, window.tally.slow)
        // Divided, not multiplied: 55 / 100 is 0.55 to the last bit, 0.55 × 100 is more than 55.
        if Double(failures) / Double(calls) >= configuration.failureRate {
            return open("\(failures) of the last \(calls) calls failed", at: now)
        }
        if slows > 0, Double(slows) / Double(calls) >= configuration.slowCallRate {
            return open("\(slows) of the last \(calls) calls were slow", at: now)
        }
        return nil
    }

    private mutating func conclude(
        probe: UInt32, _ health: Disposition.Health, slow: Bool, at now: ContinuousClock.Instant
    ) -> Change? {
        guard let index = probes.firstIndex(where: { $0.id == probe }) else { return nil }
        let isLate = probes[index].since.duration(to: now) >= configuration.probeTimeout
        probes.remove(at: index)
        if isLate { return nil }
        switch health {
        case .unknown: return nil
        case .faulty: return open("a probe failed", at: now)
        case .healthy where slow: return open("a probe was slow", at: now)
        case .healthy:
            probeSuccesses += 1
            return closeIfProven(at: now)
        }
    }

    // MARK: Phases

    private mutating func open(_ reason: String, at now: ContinuousClock.Instant) -> Change {
        if phase == .closed, closedSince.duration(to: now) >= openDuration(openings) { openings = 0 }
        openings += 1
        openUntil = now.advanced(by: openDuration(openings))
        return move(to: .open, reason, at: now)
    }

    /// How long the `count`-th opening in a row lasts: doubled each time, capped.
    private func openDuration(_ count: Int) -> Duration {
        guard count > 0 else { return .zero }
        return min(configuration.longestOpenDuration, configuration.openDuration * (1 << min(count - 1, 30)))
    }

    private mutating func move(to next: BreakerPhase, _ reason: String, at now: ContinuousClock.Instant)
        -> Change
    {
        let change = Change(from: phase, to: next, reason: reason)
        // What was noted while open counts with the probes.
        if phase != .open || next != .halfOpen { probeSuccesses = 0 }
        phase = next
        generation &+= 1
        probes = []
        self.reason = reason
        if next == .closed {
            closedSince = now
            window = OutcomeWindow(configuration.window, now: now)
        }
        return change
    }

    // MARK: Control

    /// The window begins anew if its shape has changed. What the new numbers have already decided takes
    /// effect at once: no later call could cause it, since a half-open breaker with enough successes admits
    /// none.
    mutating func reconfigure(_ new: CircuitBreaker.Configuration, at now: ContinuousClock.Instant) -> Change?
    {
        if new.window != configuration.window { window = OutcomeWindow(new.window, now: now) }
        configuration = new
        // A shorter open duration holds for an open breaker too; a longer one only for the next opening.
        if phase == .open { openUntil = min(openUntil, now.advanced(by: openDuration(openings))) }
        return closeIfProven(at: now)
    }

    /// Back to `automatic`, the breaker begins closed and with an empty window.
    mutating func set(_ new: BreakerControl, at now: ContinuousClock.Instant) -> Change? {
        guard new != control else { return nil }
        control = new
        openings = 0
        window = OutcomeWindow(configuration.window, now: now)
        let (next, reason): (BreakerPhase, String) =
            switch new {
            case .forcedOpen: (.open, "forced open")
            case .forcedClosed: (.closed, "forced closed")
            case .automatic, .observing: (.closed, "set to \(new.rawValue)")
            }
        return move(to: next, reason, at: now)
    }
}
