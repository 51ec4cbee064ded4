import TestSupport
import Testing

@testable import Resilience

/// However a rate limit was used before: once the time for a burst has passed, it lets a whole burst pass.
@Suite("A rate limit, called and reconfigured at random")
struct RateLimitLivenessTests {
    private static func configuration(_ random: inout SeededRandomSource) -> RateLimit.Configuration {
        let period: Duration = [.milliseconds(1), .milliseconds(700), .seconds(1), .seconds(86_400)][
            random.upTo(4)]
        return RateLimit.Configuration(permits: 1 + random.upTo(100), per: period, burst: 1 + random.upTo(50))
    }

    @Test(
        "a refused call passes at the time that it was given, and a burst after the time for one"
    )
    func refills() throws {
        var random = SeededRandomSource("rate limit under calls and reconfigurations")
        for round in 0..<1_000 {
            let time = ManualTime()
            let limit = try RateLimit(
                Self.configuration(&random), environment: PolicyEnvironment(time: time.source))
            for _ in 0..<random.upTo(200) {
                switch random.upTo(10) {
                case ..<7: _ = limit.tryAcquire()
                case ..<9: time.advance(by: .milliseconds(random.upTo(2_000)))
                default: try limit.reconfigure(Self.configuration(&random))
                }
            }
            let numbers = limit.configuration
            let one = Duration(attoseconds: numbers.period.attoseconds / Int128(numbers.permits) + 1)
            if let wait = limit.tryAcquire() {
                try #require(wait <= one, "round \(round), seed \(random.seed)")
                time.advance(by: wait)
                try #require(limit.tryAcquire() == nil, "round \(round), seed \(random.seed)")
            }
            time.advance(by: one * numbers.burst)
            for _ in 0..<numbers.burst {
                try #require(limit.tryAcquire() == nil, "round \(round), seed \(random.seed)")
            }
            try #require(limit.tryAcquire() != nil, "round \(round), seed \(random.seed): more than a burst")
        }
    }
}
