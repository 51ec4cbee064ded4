import Resilience
import TestSupport
import Testing

@Suite("Callers in a hurry", .timeLimit(.minutes(10)))
struct HurriedCallersTests {
    private struct Late: Error, Equatable {}
    private typealias Failure = CallFailure<any Error>

    private let time = ManualTime()
    private let events = Recorded<PolicyEvent.Kind>()

    private var environment: PolicyEnvironment {
        PolicyEnvironment(time: time.source, report: { [events] in events.add($0.kind) })
    }

    /// Opens at two failed calls.
    private func breaker() throws -> CircuitBreaker {
        try CircuitBreaker(.init(window: .calls(20), minimumCalls: 2), environment: environment)
    }

    /// A call to a dependency that takes a second, by a caller that waits for `timeout`.
    private func call(_ policy: some Policy, timeout: Duration) async -> Failure? {
        let context = CallContext(
            deadline: .after(timeout, from: time.source.now()), priority: Priority(rank: 3))
        let call = Task { [time] () -> Failure? in
            do throws(Failure) {
                try await policy.run(context) { _ in try await time.source.sleep(.seconds(1)) }
                return nil
            } catch {
                return error
            }
        }
        await time.sleepers(2)
        time.advance(by: min(timeout, .milliseconds(100)))
        return await call.value
    }

    @Test(
        "sixty that leave 5 ms of 100 open no breaker, move no measured limit and make no throttle refuse")
    func cutShort() async throws {
        let breaker = try breaker()
        let throttle = try Throttle(.init(minimumRequests: 1), environment: environment)
        let shedder = try Shedder(.init(minimum: 1, initial: 10), environment: environment)
        let held = shedder.hold(9)
        let policy = Pipeline {
            throttle
            shedder
            breaker
            try! Timeout(.milliseconds(100), enforcement: .byCancelling, environment: environment)
        }
        for _ in 0..<60 {
            let failure = try #require(await call(policy, timeout: .milliseconds(5)))
            guard case .rejected(.cutShort) = failure else {
                Issue.record("\(failure)")
                return
            }
        }
        #expect(breaker.phase == .closed && breaker.snapshot.calls == 0)
        #expect(shedder.snapshot.limit == 10 && throttle.snapshot.requests == 0)
        #expect(events.all == Array(repeating: .rejected(.cutShort), count: 60))
        withExtendedLifetime(held) {}
    }

    @Test(
        "a dependency that hangs is noticed by callers that leave a quarter of the limit or more",
        arguments: [25, 99, 100, 5000])
    func noticed(timeout: Int) async throws {
        let breaker = try breaker()
        let policy = Pipeline {
            breaker
            try! Timeout(.milliseconds(100), enforcement: .byCancelling, environment: environment)
        }
        for _ in 0..<2 {
            let failure = try #require(await call(policy, timeout: .milliseconds(timeout)))
            guard case .rejected(.timedOut) = failure else {
                Issue.record("\(failure)")
                return
            }
        }
        #expect(breaker.phase == .open)
    }

    /// How an operation that fails after `delay`, without being cancelled, ends for a caller that waits for 5
    /// ms of 100.
    private func failure(after delay: Duration, _ disposition: Disposition) async throws -> CallFailure<Late>?
    {
        let timeout = try Timeout(.milliseconds(100), environment: environment)
        do throws(CallFailure<Late>) {
            try await timeout.run(
                CallContext(deadline: .after(.milliseconds(5), from: time.source.now())),
                classify: { _ in disposition }
            ) { [time] (_) throws(Late) in
                time.advance(by: delay)
                throw Late()
            }
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "an operation that ends by itself at such a deadline says nothing either; an earlier failure does"
    )
    func byOperation() async throws {
        #expect(try await failure(after: .milliseconds(5), .transient) == .failed(Late(), .ignored))
        #expect(try await failure(after: .milliseconds(4), .transient) == .failed(Late(), .transient))
        #expect(try await failure(after: .milliseconds(5), .refusal) == .failed(Late(), .refusal))
    }
}
