import TestSupport
import Testing

@testable import Resilience

/// However a throttle or a retry budget was used before: with a healthy dependency, it is as new after a
/// bounded number of its windows.
@Suite("A throttle and a retry budget, used and reconfigured at random")
struct ThrottleLivenessTests {
    private static func throttle(_ random: inout SeededRandomSource) -> Throttle.Configuration {
        Throttle.Configuration(
            multiplier: random.upTo(3) == 0 ? 1.1 : 1.2 + Double(random.upTo(30)) / 10,
            window: .milliseconds(1_000 + 10 * random.upTo(400)), minimumRequests: random.upTo(20),
            maximumRejection: Double(1 + random.upTo(100)) / 100)
    }

    private static func budget(_ random: inout SeededRandomSource) -> RetryBudget.Configuration {
        RetryBudget.Configuration(
            share: Double(random.upTo(11)) / 10, minimumPerSecond: Double(random.upTo(5)),
            window: .milliseconds(1_000 + 10 * random.upTo(400)))
    }

    @Test("after 200 windows of a healthy dependency no call is refused")
    func throttle() throws {
        var random = SeededRandomSource("throttle under calls and reconfigurations")
        for round in 0..<60 {
            let time = ManualTime()
            let throttle = try Throttle(
                Self.throttle(&random),
                environment: PolicyEnvironment(time: time.source, random: .seeded(random.next())))
            var held: [ContinuousClock.Instant] = []
            for _ in 0..<(200 + random.upTo(1_000)) {
                switch random.upTo(100) {
                case ..<40:
                    let now = time.source.now()
                    if throttle.admit(now: now) { held.append(now) }
                case ..<80:
                    guard !held.isEmpty else { continue }
                    // Some are cancelled, or never end.
                    let health: Disposition.Health = [.faulty, .faulty, .faulty, .unknown][random.upTo(4)]
                    throttle.ended(health, now: held.remove(at: random.upTo(held.count)))
                case ..<98: time.advance(by: .milliseconds(random.upTo(40)))
                default: try throttle.reconfigure(Self.throttle(&random))
                }
            }
            let window = throttle.configuration.window
            let (calm, gap) = (time.elapsed + window * 200, window / [20, 100][random.upTo(2)])
            while time.elapsed < calm + window * 2 {
                time.advance(by: gap)
                let now = time.source.now()
                let passes = throttle.admit(now: now)
                if passes { throttle.ended(.healthy, now: now) }
                try #require(
                    passes || time.elapsed < calm,
                    "round \(round), seed \(random.seed): \(throttle.configuration) \(throttle.snapshot)")
            }
        }
    }

    @Test("after a window without retries all that the minimum allows may be retried")
    func budget() throws {
        var random = SeededRandomSource("retry budget under calls and reconfigurations")
        for round in 0..<1_000 {
            let time = ManualTime()
            let budget = try RetryBudget(Self.budget(&random))
            for _ in 0..<random.upTo(300) {
                switch random.upTo(100) {
                case ..<40: budget.deposit(now: time.source.now())
                case ..<70: _ = budget.withdraw(now: time.source.now())
                case ..<96: time.advance(by: .milliseconds(random.upTo(200)))
                default: try budget.reconfigure(Self.budget(&random))
                }
            }
            let numbers = budget.configuration
            // The first snapshot after a change of the window begins its count.
            _ = budget.snapshot(now: time.source.now())
            time.advance(by: numbers.window)
            let allowed = Int(numbers.minimumPerSecond * (numbers.window / .seconds(1)) + 1e-6)
            let snapshot = budget.snapshot(now: time.source.now())
            try #require(
                snapshot == .init(calls: 0, retries: 0, left: allowed),
                "round \(round), seed \(random.seed): \(snapshot)")
            for _ in 0..<allowed { try #require(budget.withdraw(now: time.source.now())) }
            try #require(!budget.withdraw(now: time.source.now()), "round \(round), seed \(random.seed)")
        }
    }
}
