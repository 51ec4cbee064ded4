import TestSupport
import Testing

@testable import Resilience

/// However a breaker was used before: with a healthy dependency it closes within a bounded time.
@Suite("A circuit breaker, called, controlled and reconfigured at random")
struct CircuitBreakerLivenessTests {
    private static let rounds = 1_000
    /// The time between two calls of the quiet phase.
    private static let step = Duration.milliseconds(5)

    private static func configuration(_ random: inout SeededRandomSource) -> CircuitBreaker.Configuration {
        let calls = 1 + random.upTo(20)
        let openDuration = Duration.milliseconds(1 + random.upTo(500))
        return CircuitBreaker.Configuration(
            window: random.upTo(2) == 0 ? .calls(calls) : .time(.milliseconds(100 + random.upTo(3000))),
            minimumCalls: 1 + random.upTo(calls), failureRate: Double(1 + random.upTo(10)) / 10,
            slowCall: random.upTo(2) == 0 ? .milliseconds(50) : nil,
            slowCallRate: Double(1 + random.upTo(10)) / 10,
            openDuration: openDuration, longestOpenDuration: openDuration * (1 + random.upTo(64)),
            probes: 1 + random.upTo(4),
            probeTimeout: .milliseconds(1 + random.upTo(1000)))
    }

    /// Other numbers: all of them, or only one, as an operator changes them.
    private static func changed(
        _ old: CircuitBreaker.Configuration, _ random: inout SeededRandomSource
    ) -> CircuitBreaker.Configuration {
        var new = old
        let other = configuration(&random)
        switch random.upTo(6) {
        case 0: new = other
        case 1: (new.window, new.minimumCalls) = (other.window, other.minimumCalls)
        case 2: (new.openDuration, new.longestOpenDuration) = (other.openDuration, other.longestOpenDuration)
        case 3: new.probeTimeout = other.probeTimeout
        default: new.probes = other.probes
        }
        return new
    }

    private struct Storm {
        var random: SeededRandomSource
        let time = ManualTime()
        let breaker: CircuitBreaker
        var held: [CircuitBreaker.Permit] = []
        var lost: [CircuitBreaker.Permit] = []

        init(_ random: SeededRandomSource) throws {
            self.random = random
            breaker = try CircuitBreaker(
                configuration(&self.random), environment: PolicyEnvironment(time: time.source))
        }

        mutating func step() throws {
            switch random.upTo(100) {
            case ..<40:
                if case .permit(let permit) = breaker.acquire(at: time.source.now()) { held.append(permit) }
            case ..<70: end()
            case ..<90: time.advance(by: .milliseconds(random.upTo(random.upTo(10) == 0 ? 2000 : 100)))
            case ..<98: try breaker.reconfigure(changed(breaker.configuration, &random))
            default: breaker.set(BreakerControl.allCases[random.upTo(4)])
            }
        }

        /// A call under way ends with any outcome, or never.
        mutating func end() {
            guard !held.isEmpty else { return }
            let permit = held.remove(at: random.upTo(held.count))
            let health: Disposition.Health? = [.healthy, .healthy, .faulty, .unknown, nil][random.upTo(5)]
            if let health {
                breaker.settle(permit, health, slow: random.upTo(6) == 0, at: time.source.now())
            } else {
                lost.append(permit)
            }
        }
    }

    @Test("closes within its open duration and a probe's, and then lets every call pass")
    func closes() throws {
        var random = SeededRandomSource("breaker under calls, controls and reconfigurations")
        var halfOpen = 0
        for round in 0..<Self.rounds {
            var storm = try Storm(random)
            for _ in 0..<(20 + storm.random.upTo(200)) { try storm.step() }
            let (time, breaker) = (storm.time, storm.breaker)
            while !storm.held.isEmpty { storm.end() }
            random = storm.random
            // Only a person ends that; the breaker then begins closed.
            if breaker.control == .forcedOpen { breaker.set(.automatic) }
            let before = breaker.snapshot
            if before.phase == .halfOpen { halfOpen += 1 }
            let numbers = breaker.configuration
            let bound =
                time.elapsed + numbers.longestOpenDuration + numbers.probeTimeout + Self.step
                * (numbers.probes + 2)
            var calls = 0
            while calls < 50 {
                let now = time.source.now()
                let isBound = time.elapsed >= bound
                switch breaker.acquire(at: now) {
                case .permit(let permit): breaker.settle(permit, .healthy, slow: false, at: now)
                case .refused:
                    try #require(
                        !isBound, "round \(round), seed \(random.seed): \(before), now \(breaker.snapshot)")
                }
                if isBound {
                    calls += 1
                    try #require(breaker.phase == .closed, "round \(round), seed \(random.seed): \(before)")
                }
                time.advance(by: Self.step)
            }
        }
        #expect(halfOpen > Self.rounds / 50, "the calm phase seldom began half-open")
    }
}
