import Resilience
import TestSupport
import Testing

/// Policies that aren't listed in one pipeline, but run within each other's operations.
@Suite("Policies nested by hand", .timeLimit(.minutes(10)))
struct NestedByHandTests {
    private let time = LeapingTime()
    private let made = Recorded<Void>()

    private var environment: PolicyEnvironment { PolicyEnvironment(time: time.source, random: .seeded(1)) }

    private func breaker() throws -> CircuitBreaker {
        try CircuitBreaker(.init(window: .calls(4), minimumCalls: 2), environment: environment)
    }

    @Test("an open breaker within a retry is asked once")
    func openBreaker() async throws {
        let breaker = try breaker()
        breaker.set(.forcedOpen)
        let retry = try Retry(budget: nil, environment: environment)
        _ = try? await retry.run(CallContext(isIdempotent: true)) { [made] context in
            made.add(())
            try await breaker.run(context) { _ in }
        }
        #expect(made.all.count == 1 && time.sleeps.isEmpty)
    }

    @Test(
        "a full bulkhead opens no breaker, lowers no limit, causes no throttling; nor does a rejection"
    )
    func fullBulkhead() async throws {
        let breaker = try breaker()
        let throttle = try Throttle(.init(minimumRequests: 1), environment: environment)
        let shedder = try Shedder(.init(minimum: 1, initial: 10), environment: environment)
        let held = shedder.hold(9)
        let bulkhead = try Bulkhead(.init(limit: 1), environment: environment)
        try await bulkhead.run { _ in
            for _ in 0..<60 {
                _ = try? await throttle.run(CallContext(priority: Priority(rank: 3))) { context in
                    try await shedder.run(context) { context in
                        try await breaker.run(context) { context in try await bulkhead.run(context) { _ in } }
                    }
                }
                _ = try? await breaker.run { (_) async throws in throw Rejection.cancelled }
            }
        }
        #expect(breaker.phase == .closed && breaker.snapshot.calls == 0)
        #expect(throttle.snapshot.requests == 0 && shedder.snapshot.limit == 10)
        #expect(bulkhead.snapshot.refused == 60)
        withExtendedLifetime(held) {}
    }

    @Test(
        "the disposition of an inner call's failure is the outer one's too",
        arguments: [Disposition.refusal, .busy(retryAfter: .seconds(1))])
    func classified(disposition: Disposition) async throws {
        let (outer, inner) = (try breaker(), try breaker())
        do throws(CallFailure<any Error>) {
            try await outer.run { context in
                try await inner.run(context, classify: { _ in disposition }) { (_) throws(TryFailure) in
                    throw TryFailure()
                }
            }
            Issue.record("no failure")
        } catch {
            #expect(error.disposition == disposition)
        }
    }
}
