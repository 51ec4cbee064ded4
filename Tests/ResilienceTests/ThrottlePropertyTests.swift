import TestSupport
import Testing

@testable import Resilience

@Suite("Throttle, under every sequence")
struct ThrottlePropertyTests {
    @Test("it refuses what the book's formula over a list of all events would")
    func model() throws {
        var random = SeededRandomSource("Throttle")
        let start = ContinuousClock.now
        var (steps, throttled) = (0, 0)
        while steps < 100_000 {
            let configuration = Throttle.Configuration(
                multiplier: 1.1 + Double(random.upTo(30)) / 10,
                window: .milliseconds(1_000 + 10 * random.upTo(400)),
                minimumRequests: random.upTo(20), maximumRejection: Double(1 + random.upTo(100)) / 100)
            try configuration.validate()
            var state = ThrottleState(configuration)
            let window = Int(configuration.window / .milliseconds(1))
            var events: [(time: Int, accepted: Bool)] = []
            var now = random.upTo(1_000)
            var first: Int?
            var health = random.upTo(11)
            for _ in 0..<2_000 {
                steps += 1
                switch random.upTo(100) {
                case 0: now += random.upTo(window * 3)
                case 1: now += window / 10 * random.upTo(11)
                case 2: health = random.upTo(11)
                case ..<60: now += random.upTo(40)
                default: break
                }
                let instant = start.advanced(by: .milliseconds(now))
                // The grid of buckets begins with the first call.
                let origin = first ?? now
                first = origin
                func bucket(_ time: Int) -> Int { (time - origin) / (window / 10) }
                var (requests, accepts) = (0, 0)
                for event in events.reversed() {
                    guard bucket(event.time) > bucket(now) - 10 else { break }
                    requests += 1
                    if event.accepted { accepts += 1 }
                }
                var expected =
                    (Double(requests) - configuration.multiplier * Double(accepts)) / Double(requests + 1)
                expected = max(0, expected)
                expected = min(expected, configuration.maximumRejection)
                if requests < configuration.minimumRequests { expected = 0 }
                let rejection = state.rejection(now: instant)
                try #require(abs(rejection - expected) < 1e-12, "at \(now) ms, step \(steps)")
                let isThrottled = Double(random.upTo(1_000)) / 1_000 < rejection
                let accepted = !isThrottled && random.upTo(10) < health
                if isThrottled { throttled += 1 }
                state.count(accepted: accepted, now: instant)
                events.append((now, accepted))
            }
        }
        #expect(throttled > 1_000)
    }

    @Test("after any outage, a dependency that is healthy again gets all its calls within three windows")
    func recovers() throws {
        var random = SeededRandomSource("Throttle recovers")
        let start = ContinuousClock.now
        for _ in 0..<20 {
            var state = ThrottleState(Throttle.Configuration(window: .seconds(10)))
            let gap = 2 + random.upTo(20)
            var now = 0
            func step(healthy: Bool) -> Bool {
                now += gap
                let instant = start.advanced(by: .milliseconds(now))
                let rejection = state.rejection(now: instant)
                let isThrottled = Double(random.upTo(1 << 20)) / Double(1 << 20) < rejection
                state.count(accepted: healthy && !isThrottled, now: instant)
                return isThrottled
            }
            let outage = 1_000 + random.upTo(60_000)
            var turnedAway = 0
            while now < outage { if step(healthy: false) { turnedAway += 1 } }
            #expect(turnedAway > 0)
            let end = now
            while now < end + 30_000 { _ = step(healthy: true) }
            for _ in 0..<1_000 {
                try #require(!step(healthy: true), "throttled \(now - end) ms after the outage")
            }
        }
    }
}
