import Foundation
import TestSupport
import Testing

@testable import Resilience

/// A breaker that remembers every call and computes everything anew each time: slow and obvious.
private struct ObviousBreaker {
    struct Call {
        var at: Duration
        var failed: Bool
        var slow: Bool
    }

    var configuration: CircuitBreaker.Configuration
    var phase = BreakerPhase.closed
    var era = 0
    var calls: [Call] = []
    var probes: [Int: Duration] = [:]
    var probeSuccesses = 0
    var openUntil = Duration.zero
    var closedSince = Duration.zero
    var openings = 0

    /// The generation of the permit, or nil when the call is refused.
    mutating func acquire(id: Int, at now: Duration) -> Int? {
        if phase == .open, now >= openUntil { move(.halfOpen, now) }
        switch phase {
        case .closed: return era
        case .open: return nil
        case .halfOpen:
            probes = probes.filter { now - $0.value < configuration.probeTimeout }
            guard probes.count + probeSuccesses < configuration.probes else { return nil }
            probes[id] = now
            return era
        }
    }

    mutating func settle(
        id: Int, era permitEra: Int, _ health: Disposition.Health, slow: Bool, at now: Duration
    ) {
        guard permitEra == era else { return }
        switch phase {
        case .open: return
        case .closed:
            guard health != .unknown else { return }
            calls.append(Call(at: now, failed: health == .faulty, slow: slow))
            // A plain success never opens a breaker, even with old failures in the window.
            guard health == .faulty || slow else { return }
            let window = window(at: now)
            guard window.count >= configuration.minimumCalls else { return }
            let failed = window.filter(\.failed).count
            let slows = window.filter(\.slow).count
            let isBad =
                Double(failed) >= configuration.failureRate * Double(window.count)
                || slows > 0 && Double(slows) >= configuration.slowCallRate * Double(window.count)
            if isBad { open(now) }
        case .halfOpen:
            guard let since = probes.removeValue(forKey: id), now - since < configuration.probeTimeout else {
                return
            }
            switch health {
            case .unknown: return
            case .faulty: open(now)
            case .healthy where slow: open(now)
            case .healthy:
                probeSuccesses += 1
                if probeSuccesses >= configuration.probes { move(.closed, now) }
            }
        }
    }

    mutating func reconfigure(_ new: CircuitBreaker.Configuration, at now: Duration) {
        if new.window != configuration.window {
            start = now
            calls = []
        }
        configuration = new
        switch phase {
        case .closed: break
        case .open: openUntil = min(openUntil, now + openDuration)
        case .halfOpen: if probeSuccesses >= configuration.probes { move(.closed, now) }
        }
    }

    var start = Duration.zero

    func window(at now: Duration) -> ArraySlice<Call> {
        switch configuration.window {
        case .calls(let count): return calls.suffix(count)
        case .time(let time):
            let slice = time / 10
            let youngest = Int((now - start) / slice)
            return calls[...].filter { Int(($0.at - start) / slice) > youngest - 10 }[...]
        }
    }

    private mutating func open(_ now: Duration) {
        if phase == .closed, now - closedSince >= openDuration { openings = 0 }
        openings += 1
        openUntil = now + openDuration
        move(.open, now)
    }

    private var openDuration: Duration {
        var time = openings == 0 ? .zero : configuration.openDuration
        for _ in 1..<max(openings, 1) { time = min(time * 2, configuration.longestOpenDuration) }
        return time
    }

    private mutating func move(_ next: BreakerPhase, _ now: Duration) {
        phase = next
        era += 1
        probes = [:]
        probeSuccesses = 0
        if next == .closed {
            closedSince = now
            start = now
            calls = []
        }
    }
}

@Suite("A circuit breaker, by random sequences")
struct CircuitBreakerPropertyTests {
    private static let configurations = [
        CircuitBreaker.Configuration(
            window: .calls(20), minimumCalls: 5, failureRate: 0.4, slowCall: .milliseconds(50),
            slowCallRate: 0.5,
            openDuration: .milliseconds(300), longestOpenDuration: .seconds(2), probes: 3,
            probeTimeout: .milliseconds(700)),
        CircuitBreaker.Configuration(
            window: .time(.seconds(2)), minimumCalls: 4, failureRate: 0.5, slowCall: .milliseconds(50),
            slowCallRate: 0.3,
            openDuration: .milliseconds(200), longestOpenDuration: .seconds(1), probes: 1,
            probeTimeout: .milliseconds(500)),
        CircuitBreaker.Configuration(
            window: .calls(1), minimumCalls: 1, failureRate: 1, openDuration: .milliseconds(10),
            longestOpenDuration: .milliseconds(10),
            probes: 2, probeTimeout: .milliseconds(50)),
    ]

    /// Other numbers; the slow call's limit stays, since the test's calls depend on it.
    private static func changed(
        _ old: CircuitBreaker.Configuration, _ random: inout SeededRandomSource
    ) -> CircuitBreaker.Configuration {
        var new = old
        switch random.upTo(3) {
        case 0: new.probes = 1 + random.upTo(4)
        case 1:
            new.openDuration = .milliseconds(1 + random.upTo(400))
            new.longestOpenDuration = new.openDuration * (1 + random.upTo(8))
        default:
            new.minimumCalls = 1 + random.upTo(5)
            new.window =
                random.upTo(2) == 0
                ? .calls(5 + random.upTo(20)) : .time(.milliseconds(100 * (1 + random.upTo(30))))
        }
        return new
    }

    @Test("does what an obvious model does, call for call and number for number", arguments: configurations)
    func model(_ configuration: CircuitBreaker.Configuration) throws {
        var random = SeededRandomSource("breaker against its model")
        let time = ManualTime()
        let breaker = try CircuitBreaker(configuration, environment: PolicyEnvironment(time: time.source))
        var model = ObviousBreaker(configuration: configuration)
        var held: [(id: Int, permit: CircuitBreaker.Permit, era: Int)] = []
        var lost: [CircuitBreaker.Permit] = []
        for step in 0..<100_000 {
            let now = time.source.now()
            switch random.upTo(100) {
            case ..<45:
                let expected = model.acquire(id: step, at: time.elapsed)
                if case .permit(let permit) = breaker.acquire(at: now) {
                    held.append((step, permit, try #require(expected, "step \(step): a call passed")))
                } else if expected != nil {
                    Issue.record("step \(step): a call was refused")
                    return
                }
            case ..<90 where !held.isEmpty:
                // Mostly soon, sometimes long after: a late answer.
                let index = random.upTo(10) == 0 ? random.upTo(held.count) : held.count - 1
                let (id, permit, era) = held.remove(at: index)
                let health: Disposition.Health = [.healthy, .healthy, .healthy, .faulty, .faulty, .unknown][
                    random.upTo(6)]
                let slow = configuration.slowCall != nil && random.upTo(8) == 0 && health != .unknown
                model.settle(id: id, era: era, health, slow: slow, at: time.elapsed)
                if random.upTo(2) == 0 {
                    breaker.settle(permit, health, slow: slow, at: now)
                } else {
                    // As `apply` does, plain successes are counted without the lock.
                    lost.append(permit)
                    breaker.settle(
                        permit.grant, health,
                        since: Instant(now.advanced(by: slow ? .milliseconds(-50) : .zero)))
                }
            case ..<97: time.advance(by: .milliseconds(random.upTo(40)))
            case ..<98 where random.upTo(4) == 0:
                let new = Self.changed(model.configuration, &random)
                try breaker.reconfigure(new)
                model.reconfigure(new, at: time.elapsed)
            default: time.advance(by: .milliseconds(random.upTo(1000)))
            }
            if held.count > 50 {
                lost += held.prefix(25).map(\.permit)
                held.removeFirst(25)
            }
            if model.calls.count > 4000 { model.calls.removeFirst(1000) }
            guard breaker.phase == model.phase else {
                Issue.record("step \(step): \(breaker.phase), not \(model.phase); seed \(random.seed)")
                return
            }
            if random.upTo(20) == 0, model.phase == .closed {
                let snapshot = breaker.snapshot
                let window = model.window(at: time.elapsed)
                guard snapshot.calls == window.count, snapshot.failures == window.filter(\.failed).count
                else {
                    Issue.record("step \(step): \(snapshot), not \(window.count) calls; seed \(random.seed)")
                    return
                }
            }
        }
    }

    @Test(
        "never sticks: after the open duration a call passes within one probe's time, whatever happened"
    )
    func neverSticks() throws {
        var random = SeededRandomSource("breaker never sticks")
        let time = ManualTime()
        let configuration = Self.configurations[0]
        let breaker = try CircuitBreaker(configuration, environment: PolicyEnvironment(time: time.source))
        var held: [CircuitBreaker.Permit] = []
        var lost: [CircuitBreaker.Permit] = []
        var refusedSince: Duration?
        for step in 0..<100_000 {
            if random.upTo(3) > 0, !held.isEmpty {
                let permit = held.remove(at: random.upTo(held.count))
                // A quarter of them never come back.
                let health: Disposition.Health? = [.healthy, .faulty, .unknown, nil][random.upTo(4)]
                if let health {
                    breaker.settle(permit, health, slow: random.upTo(4) == 0, at: time.source.now())
                } else {
                    lost.append(permit)
                }
            }
            time.advance(by: .milliseconds(random.upTo(20)))
            let before = breaker.snapshot
            switch breaker.acquire(at: time.source.now()) {
            case .permit(let permit):
                held.append(permit)
                refusedSince = nil
            case .refused:
                if before.phase == .open, before.retryAfter != .zero { refusedSince = nil }
                let since = refusedSince ?? time.elapsed
                refusedSince = since
                guard before.phase == .open || time.elapsed - since <= configuration.probeTimeout else {
                    Issue.record(
                        """
                        step \(step): refused for \(time.elapsed - since) after the open duration; \
                        seed \(random.seed)
                        """
                    )
                    return
                }
            }
        }
    }
}
