import TestSupport
import Testing

@testable import Resilience

/// However an adaptive limit was used before: with a service that isn't overloaded, it lets all calls pass
/// after a bounded number of them.
@Suite("An adaptive limit, called and reconfigured at random")
struct AdaptiveLimitLivenessTests {
    private static let rounds = 150

    private static func configuration(_ random: inout SeededRandomSource) -> AdaptiveLimit.Configuration {
        let minimum = 1 + random.upTo(4)
        return AdaptiveLimit.Configuration(
            minimum: minimum, maximum: minimum + random.upTo(40),
            tolerance: 1.1 + Double(random.upTo(20)) / 10,
            slack: .milliseconds(random.upTo(6)), samples: 10 + random.upTo(20))
    }

    private struct Storm {
        var random: SeededRandomSource
        let time = ManualTime()
        let limit: AdaptiveLimit
        var held: [Instant] = []

        init(_ random: SeededRandomSource) throws {
            self.random = random
            limit = try AdaptiveLimit(
                configuration(&self.random), environment: PolicyEnvironment(time: time.source))
        }

        mutating func step() throws {
            switch random.upTo(100) {
            case ..<50: if limit.admit(rank: random.upTo(5) - 1) { held.append(Instant(time.source.now())) }
            case ..<85: end()
            case ..<98: time.advance(by: .milliseconds(random.upTo(random.upTo(20) == 0 ? 5_000 : 30)))
            default: try limit.reconfigure(configuration(&random))
            }
            let (snapshot, numbers) = (limit.snapshot, limit.configuration)
            try #require(snapshot.inFlight == held.count)
            try #require((numbers.minimum...numbers.maximum).contains(snapshot.limit), "seed \(random.seed)")
        }

        /// Answered, failed or cancelled.
        mutating func end() {
            guard !held.isEmpty else { return }
            let health: Disposition.Health = [.healthy, .healthy, .faulty, .unknown][random.upTo(4)]
            limit.settle(health, since: held.remove(at: random.upTo(held.count)))
        }
    }

    @Test(
        "admits all calls of a service that answers all of them alike, after 400 windows"
    )
    func recovers() throws {
        var random = SeededRandomSource("adaptive limit under calls and reconfigurations")
        for round in 0..<Self.rounds {
            var storm = try Storm(random)
            for _ in 0..<storm.random.upTo(3_000) { try storm.step() }
            while !storm.held.isEmpty { storm.end() }
            random = storm.random
            let (time, limit) = (storm.time, storm.limit)
            #expect(limit.snapshot.inFlight == 0)
            let (numbers, before) = (limit.configuration, limit.snapshot)
            let wanted = min(numbers.maximum, 12)
            var (ended, full) = (0, 0)
            while ended < 400 * numbers.samples {
                let start = Instant(time.source.now())
                let passed = (0..<wanted).count { _ in limit.admit(rank: 3) }
                try #require(passed >= numbers.minimum, "round \(round), seed \(random.seed)")
                time.advance(by: .milliseconds(10))
                for _ in 0..<passed { limit.settle(.healthy, since: start) }
                ended += passed
                full = passed == wanted ? full + passed : 0
                // Longer than between two of its measurements of the base.
                if full > 10 * numbers.samples { break }
            }
            try #require(
                full > 10 * numbers.samples,
                "round \(round), seed \(random.seed): \(before), now \(limit.snapshot)")
            #expect(limit.snapshot.inFlight == 0)
        }
    }
}
