import TestSupport
import Testing

@testable import Resilience

/// A timeout and a hedge bound single calls, so calls are made one after the other; their numbers change
/// before and during each.
@Suite("A timeout and a hedge, reconfigured at random", .timeLimit(.minutes(10)))
struct TimeoutLivenessTests {
    private let time = ManualTime()

    private struct Failed: Error {}

    /// Takes `duration`, and ends at once when it is cancelled.
    private func work(_ duration: Duration) async throws(Failed) {
        do { try await time.source.sleep(duration) } catch { throw Failed() }
    }

    @Test(
        "every call ends with its work or at its first limit, whatever the limit becomes meanwhile"
    )
    func timeout() async throws {
        var random = SeededRandomSource("timeout under reconfigurations")
        let timeout = try Timeout(
            .seconds(1), enforcement: .byCancelling, environment: PolicyEnvironment(time: time.source))
        for step in 0..<2_000 {
            let limit = Duration.milliseconds(2 * (1 + random.upTo(500)))
            try timeout.reconfigure(.init(limit: limit))
            // Of odd length, so that no call's work ends exactly at its limit; a fifth never end by
            // themselves.
            let length: Duration =
                random.upTo(5) == 0 ? .seconds(86_400) : .milliseconds(1 + 2 * random.upTo(700))
            let call = Task { [time, timeout] in
                do throws(CallFailure<Failed>) {
                    try await timeout.run { (_) async throws(Failed) in try await work(length) }
                    return Optional(time.elapsed)
                } catch {
                    if case .rejected(.timedOut) = error { return time.elapsed }
                    return nil
                }
            }
            await time.sleepers(2)
            let began = time.elapsed
            try timeout.reconfigure(.init(limit: .milliseconds(1 + random.upTo(2_000))))
            if random.upTo(10) == 0 {
                call.cancel()
                #expect(await call.value == nil)
            } else {
                time.advance(by: min(limit, length))
                try #require(
                    await call.value == began + min(limit, length), "step \(step), seed \(random.seed)")
            }
        }
    }

    private static func hedge(_ random: inout SeededRandomSource) -> Hedge.Configuration {
        Hedge.Configuration(
            percentile: Double(50 + random.upTo(50)) / 100, minimumDelay: .milliseconds(1 + random.upTo(50)),
            minimumSamples: 1 + random.upTo(256))
    }

    private static func budget(_ random: inout SeededRandomSource) -> RetryBudget.Configuration {
        .init(
            share: Double(random.upTo(5)) / 10, minimumPerSecond: Double(random.upTo(3)),
            window: .seconds(1 + random.upTo(10)))
    }

    /// One call whose first try takes `first`, and whose second a millisecond; returns the number of tries.
    private func call(_ hedge: Hedge, _ first: Duration) async throws -> Int {
        let tries = Recorded<Int>()
        let delay = hedge.delay
        let call = Task { [time] in
            try await hedge.run(CallContext(isIdempotent: true)) { (context) async throws(Failed) in
                tries.add(context.attempt)
                try await work(context.attempt == 1 ? first : .milliseconds(1))
            }
            return time.elapsed
        }
        await time.sleepers(delay == nil ? 1 : 2)
        if let delay, delay < first {
            let isLeft = hedge.budget.snapshot(now: time.source.now().advanced(by: delay)).left > 0
            time.advance(by: delay)
            if isLeft {
                await time.sleepers(2)
                time.advance(by: .milliseconds(1))
            } else {
                time.advance(by: first - delay)
            }
        } else {
            time.advance(by: first)
        }
        _ = try await call.value
        return tries.all.count
    }

    @Test("a slow call is hedged again as soon as there are samples and the budget's window has passed")
    func hedge() async throws {
        var random = SeededRandomSource("hedge under reconfigurations")
        let hedge = try Hedge(environment: PolicyEnvironment(time: time.source))
        for round in 0..<30 {
            for _ in 0..<50 {
                if random.upTo(5) == 0 { try hedge.reconfigure(Self.hedge(&random)) }
                if random.upTo(5) == 0 { try hedge.budget.reconfigure(Self.budget(&random)) }
                _ = try await call(
                    hedge,
                    .milliseconds(2 * (1 + random.upTo(random.upTo(10) == 0 ? 2_000 : 50))) + .microseconds(1)
                )
            }
            let numbers = hedge.configuration
            var budget = hedge.budget.configuration
            (budget.minimumPerSecond, budget.window) = (1, .seconds(1))
            try hedge.budget.reconfigure(budget)
            for _ in 0..<256 { _ = try await call(hedge, .microseconds(1)) }
            _ = hedge.budget.snapshot(now: time.source.now())
            time.advance(by: .seconds(1))
            try #require(hedge.delay == numbers.minimumDelay, "round \(round), seed \(random.seed)")
            try #require(try await call(hedge, .seconds(60)) == 2, "round \(round), seed \(random.seed)")
        }
    }
}
