import TestSupport
import Testing

@testable import Resilience

/// Whatever has been done to a breaker: left alone with a dependency that is well, it closes within a bounded time.
@Suite("A circuit breaker, called, controlled and reconfigured at random")
struct CircuitBreakerLivenessTests {
    private static let rounds = 1_000
    /// How far time moves between two calls of the calm phase.
    private static let step = Duration.milliseconds(5)

    private static func configuration(_ chance: inout SeededChance) -> CircuitBreaker.Configuration {
        let calls = 1 + chance.upTo(20)
        let openTime = Duration.milliseconds(1 + chance.upTo(500))
        return CircuitBreaker.Configuration(
            window: chance.upTo(2) == 0 ? .calls(calls) : .time(.milliseconds(100 + chance.upTo(3000))),
            minimumCalls: 1 + chance.upTo(calls), failureRate: Double(1 + chance.upTo(10)) / 10,
            slowCall: chance.upTo(2) == 0 ? .milliseconds(50) : nil, slowCallRate: Double(1 + chance.upTo(10)) / 10,
            openTime: openTime, longestOpenTime: openTime * (1 + chance.upTo(64)), trials: 1 + chance.upTo(4),
            trialTime: .milliseconds(1 + chance.upTo(1000)))
    }

    /// Other numbers: all of them, or only one, as an operator changes them.
    private static func changed(
        _ old: CircuitBreaker.Configuration, _ chance: inout SeededChance
    ) -> CircuitBreaker.Configuration {
        var new = old
        let other = configuration(&chance)
        switch chance.upTo(6) {
        case 0: new = other
        case 1: (new.window, new.minimumCalls) = (other.window, other.minimumCalls)
        case 2: (new.openTime, new.longestOpenTime) = (other.openTime, other.longestOpenTime)
        case 3: new.trialTime = other.trialTime
        default: new.trials = other.trials
        }
        return new
    }

    private struct Storm {
        var chance: SeededChance
        let time = ManualTime()
        let breaker: CircuitBreaker
        var held: [CircuitBreaker.Permit] = []
        var lost: [CircuitBreaker.Permit] = []

        init(_ chance: SeededChance) throws {
            self.chance = chance
            breaker = try CircuitBreaker(
                configuration(&self.chance), environment: PolicyEnvironment(time: time.source))
        }

        mutating func step() throws {
            switch chance.upTo(100) {
            case ..<40:
                if case .permit(let permit) = breaker.acquire(at: time.source.now()) { held.append(permit) }
            case ..<70: end()
            case ..<90: time.advance(by: .milliseconds(chance.upTo(chance.upTo(10) == 0 ? 2000 : 100)))
            case ..<98: try breaker.reconfigure(changed(breaker.configuration, &chance))
            default: breaker.set(BreakerControl.allCases[chance.upTo(4)])
            }
        }

        /// A call under way ends, one way or the other, or is never heard of again.
        mutating func end() {
            guard !held.isEmpty else { return }
            let permit = held.remove(at: chance.upTo(held.count))
            let verdict: Disposition.Verdict? = [.healthy, .healthy, .faulty, .unknown, nil][chance.upTo(5)]
            if let verdict {
                breaker.settle(permit, verdict, slow: chance.upTo(6) == 0, at: time.source.now())
            } else {
                lost.append(permit)
            }
        }
    }

    @Test("closes within its open time and a trial's, and then lets every call pass")
    func closes() throws {
        var chance = SeededChance("breaker under calls, controls and reconfigurations")
        var halfOpen = 0
        for round in 0..<Self.rounds {
            var storm = try Storm(chance)
            for _ in 0..<(20 + storm.chance.upTo(200)) { try storm.step() }
            let (time, breaker) = (storm.time, storm.breaker)
            while !storm.held.isEmpty { storm.end() }
            chance = storm.chance
            // That one is a person's to end, and begins closed.
            if breaker.control == .forcedOpen { breaker.set(.automatic) }
            let before = breaker.snapshot
            if before.phase == .halfOpen { halfOpen += 1 }
            let numbers = breaker.configuration
            let bound = time.elapsed + numbers.longestOpenTime + numbers.trialTime + Self.step * (numbers.trials + 2)
            var calls = 0
            while calls < 50 {
                let now = time.source.now()
                let isBound = time.elapsed >= bound
                switch breaker.acquire(at: now) {
                case .permit(let permit): breaker.settle(permit, .healthy, slow: false, at: now)
                case .refused:
                    try #require(!isBound, "round \(round), seed \(chance.seed): \(before), now \(breaker.snapshot)")
                }
                if isBound {
                    calls += 1
                    try #require(breaker.phase == .closed, "round \(round), seed \(chance.seed): \(before)")
                }
                time.advance(by: Self.step)
            }
        }
        #expect(halfOpen > Self.rounds / 50, "the calm phase seldom began half-open")
    }
}
