import Resilience
import ServingPath
import TestSupport
import Testing

@Suite("A call whose outcome is unknown", .timeLimit(.minutes(10)))
struct UnknownOutcomeTests {
    private func answer(_ failures: [Unavailability]) async throws -> Unavailability? {
        let time = ManualTime()
        let protection = Protection(
            timeout: .seconds(9), attemptTimeout: .seconds(3), queueTimeout: .seconds(3),
            retry: Retry.Configuration(
                attempts: 2, backoff: Backoff(base: .milliseconds(1), cap: .milliseconds(1))),
            bulkhead: Bulkhead.Configuration(limit: 8), breaker: CircuitBreaker.Configuration())
        let path = CriticalPath(environment: PathEnvironment(time: time.source))
        let step = try path.critical(
            Declaration(
                name: "payment", criticality: .criticalPlus, fallback: "none", effect: "late",
                protection: protection))
        let tries = Recorded<Int>()
        let dependency = try CriticalOperation<Int, Void, String>(step, "capture", isIdempotent: true) {
            (_, context) async throws(DependencyFailure<String>) in
            tries.add(context.attempt)
            throw .unavailable(failures[context.attempt - 1])
        }
        let deadline = Deadline.after(.seconds(8), from: time.source.now())
        async let moving: Void = {
            while tries.all.count < failures.count {
                time.advance(by: .milliseconds(1))
                await Task.yield()
            }
        }()
        do throws(DependencyFailure<String>) {
            try await dependency.call(1, for: .customer(until: deadline, .criticalPlus))
            await moving
            return nil
        } catch {
            await moving
            guard case .unavailable(let why) = error else { return nil }
            return why
        }
    }

    @Test("stays unknown when a later try surely did nothing")
    func hidden() async throws {
        let why = try #require(await answer([.timeout, .unreachable]))
        #expect(why.reason == .unreachable && why.mayHaveBeenDone)
    }

    @Test("is known to have done nothing when no try did")
    func nothing() async throws {
        let why = try #require(await answer([.unreachable, .unreachable]))
        #expect(why.reason == .unreachable && !why.mayHaveBeenDone)
    }
}
