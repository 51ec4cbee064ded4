import TestSupport
import Testing

@testable import Resilience

struct TryFailure: Error, Hashable { var number = 0 }

/// Time in which every sleep ends at once, having taken its time.
final class LeapingTime: Sendable {
    let start = ContinuousClock.now
    private let state = Locked<(elapsed: Duration, sleeps: [Duration])>((.zero, []))

    var elapsed: Duration { state.withLock { $0.elapsed } }
    var sleeps: [Duration] { state.withLock { $0.sleeps } }
    var source: TimeSource {
        TimeSource(
            now: { self.start.advanced(by: self.elapsed) },
            sleep: { duration in
                try Task.checkCancellation()
                self.state.withLock {
                    $0.elapsed += duration
                    $0.sleeps.append(duration)
                }
            })
    }

    func advance(by duration: Duration) { state.withLock { $0.elapsed += duration } }
}

@Suite("Retry", .timeLimit(.minutes(10)))
struct RetryTests {
    private typealias Answer = CallFailure<TryFailure>
    private let time = LeapingTime()
    private let events = Recorded<PolicyEvent.Kind>()
    private let attempts = Recorded<Int>()

    private func retry(_ configuration: Retry.Configuration = .init(), budget: RetryBudget? = nil) throws
        -> Retry
    {
        try Retry(
            configuration, budget: budget,
            environment: PolicyEnvironment(
                time: time.source, random: .seeded(1), report: { [events] in events.add($0.kind) }))
    }

    /// Fails the first `failures` tries.
    private func call(
        _ policy: some Policy, failing failures: Int, as disposition: Disposition = .transient,
        idempotent: Bool = true,
        deadline: Duration? = nil
    ) async throws(Answer) -> String {
        let deadline = deadline.map { Deadline.after($0, from: time.start) }
        let context = CallContext(deadline: deadline, isIdempotent: idempotent)
        return try await policy.run(context, classify: { _ in disposition }) {
            [attempts] context throws(TryFailure) in
            attempts.add(context.attempt)
            if attempts.all.count <= failures { throw TryFailure(number: attempts.all.count) }
            return "done"
        }
    }

    @Test("a call that fails twice succeeds at its third try, having waited longer each time, and says so")
    func succeeds() async throws {
        let backoff = Backoff(base: .milliseconds(100), cap: .seconds(1), floor: .milliseconds(100))
        let policy = try retry(.init(attempts: 3, backoff: backoff))
        #expect(try await call(policy, failing: 2) == "done")
        #expect(attempts.all == [1, 2, 3])
        let sleeps = time.sleeps
        #expect(
            sleeps.count == 2 && sleeps[0] == .milliseconds(100)
                && (.milliseconds(100) ... .milliseconds(200)).contains(sleeps[1]))
        #expect(
            events.all == [.retrying(attempt: 1, delay: sleeps[0]), .retrying(attempt: 2, delay: sleeps[1])])
    }

    @Test("a success is neither waited for nor reported")
    func success() async throws {
        #expect(try await call(retry(), failing: 0) == "done")
        #expect(time.sleeps.isEmpty && events.all.isEmpty)
    }

    @Test("when every try fails, the last failure is the answer")
    func exhausted() async throws {
        let policy = try retry(.init(attempts: 4))
        await #expect(throws: Answer.failed(TryFailure(number: 4), .transient)) {
            try await call(policy, failing: 9)
        }
        #expect(attempts.all == [1, 2, 3, 4])
    }

    @Test("one attempt means no retry")
    func once() async throws {
        let policy = try retry(.init(attempts: 1))
        await #expect(throws: Answer.failed(TryFailure(number: 1), .transient)) {
            try await call(policy, failing: 9)
        }
        #expect(time.sleeps.isEmpty)
    }

    @Test("what isn't idempotent is never tried again")
    func notIdempotent() async throws {
        let policy = try retry()
        await #expect(throws: Answer.self) { try await call(policy, failing: 9, idempotent: false) }
        #expect(attempts.all == [1])
    }

    @Test(
        "what another try can't change is never tried again",
        arguments: [Disposition.permanent, .refusal, .ignored])
    func notRetryable(disposition: Disposition) async throws {
        let policy = try retry()
        await #expect(throws: Answer.self) { try await call(policy, failing: 9, as: disposition) }
        #expect(attempts.all == [1])
    }

    @Test("an open breaker inside isn't asked twice")
    func openBreaker() async throws {
        let policy = try retry()
        let context = CallContext(isIdempotent: true)
        await #expect(throws: Answer.rejected(.circuitOpen(retryAfter: .seconds(1)))) {
            try await policy.apply(context) { [attempts] (context) async throws(Answer) -> Int in
                attempts.add(context.attempt)
                throw .rejected(.circuitOpen(retryAfter: .seconds(1)))
            }
        }
        #expect(attempts.all == [1])
    }

    @Test("Retry-After is a least wait, with the backoff on top; both together are never more than the cap")
    func retryAfter() async throws {
        let policy = try retry(
            .init(attempts: 10, backoff: Backoff(base: .milliseconds(100), cap: .seconds(3))))
        #expect(try await call(policy, failing: 9, as: .busy(retryAfter: .seconds(2))) == "done")
        let sleeps = time.sleeps
        #expect(sleeps.count == 9 && sleeps.allSatisfy { (.seconds(2) ... .seconds(3)).contains($0) })
        // They don't all come at once.
        #expect(Set(sleeps).count == 9)
    }

    @Test(
        "a dependency that asks for more than the cap is not tried again: no permit is held for a sleep",
        arguments: [
            .milliseconds(251), .seconds(365 * 86_400), .seconds(Int64.max), Duration(attoseconds: .max),
        ])
    func longRetryAfter(asked: Duration) async throws {
        let policy = try retry()
        await #expect(throws: Answer.failed(TryFailure(number: 1), .busy(retryAfter: asked))) {
            try await call(policy, failing: 9, as: .busy(retryAfter: asked))
        }
        #expect(attempts.all == [1] && time.sleeps.isEmpty && events.all.isEmpty)
    }

    @Test("a wait that doesn't fit before the deadline isn't begun: the failure is returned at once")
    func deadline() async throws {
        let policy = try retry()
        await #expect(throws: Answer.failed(TryFailure(number: 1), .busy(retryAfter: .seconds(1)))) {
            try await call(
                policy, failing: 9, as: .busy(retryAfter: .seconds(1)), deadline: .milliseconds(1_000))
        }
        #expect(attempts.all == [1] && time.sleeps.isEmpty && events.all.isEmpty)
    }

    @Test("the last try needs its own time beside the wait")
    func minimumAttempt() async throws {
        let backoff = Backoff(base: .milliseconds(100), cap: .milliseconds(100), floor: .milliseconds(100))
        let policy = try retry(.init(backoff: backoff, minimumAttempt: .milliseconds(50)))
        await #expect(throws: Answer.self) {
            try await call(policy, failing: 9, deadline: .milliseconds(250))
        }
        #expect(time.sleeps == [.milliseconds(100)])
    }

    @Test("a sleep that ends after the deadline is followed by no try")
    func lateSleep() async throws {
        let late = TimeSource(now: time.source.now, sleep: { [time] _ in time.advance(by: .seconds(5)) })
        let policy = try Retry(budget: nil, environment: PolicyEnvironment(time: late))
        await #expect(throws: Answer.failed(TryFailure(number: 1), .transient)) {
            try await call(policy, failing: 9, deadline: .seconds(1))
        }
        #expect(attempts.all == [1])
    }

    @Test("a spent budget ends the call with its failure, and says so")
    func budget() async throws {
        let budget = try RetryBudget(.init(share: 0, minimumPerSecond: 1, window: .seconds(1)))
        let policy = try retry(budget: budget)
        await #expect(throws: Answer.failed(TryFailure(number: 2), .transient)) {
            try await call(policy, failing: 9)
        }
        #expect(events.all.last == .retryBudgetSpent)
        #expect(attempts.all == [1, 2])
        let snapshot = budget.snapshot(now: time.start)
        #expect(snapshot.calls == 1 && snapshot.retries == 1 && snapshot.left == 0)
    }

    @Test("a retry that nothing allows doesn't cost the budget anything")
    func budgetUntouched() async throws {
        let budget = RetryBudget()
        let policy = try retry(budget: budget)
        await #expect(throws: Answer.self) { try await call(policy, failing: 9, deadline: .milliseconds(1)) }
        await #expect(throws: Answer.self) { try await call(policy, failing: 9, idempotent: false) }
        #expect(budget.snapshot(now: time.start) == .init(calls: 2, retries: 0, left: 10))
    }

    @Test("two layers of retries don't multiply")
    func nested() async throws {
        let budget = RetryBudget()
        let (outer, inner) = (try retry(budget: budget), try retry(budget: budget))
        let both = Pipeline {
            outer
            inner
        }
        await #expect(throws: Answer.self) { try await call(both, failing: 99) }
        #expect(attempts.all == [1, 2, 3, 2, 3])
    }

    @Test("cancelled while it waits, a call ends at once, as cancelled", .timeLimit(.minutes(10)))
    func cancelled() async throws {
        let time = ManualTime()
        let policy = try Retry(
            .init(backoff: Backoff(base: .seconds(60), cap: .seconds(60), floor: .seconds(60))), budget: nil,
            environment: PolicyEnvironment(time: time.source))
        let call = Task { () async -> Answer? in
            do throws(Answer) {
                try await policy.run(CallContext(isIdempotent: true)) { _ throws(TryFailure) in
                    throw TryFailure()
                }
                return nil
            } catch {
                return error
            }
        }
        await time.sleepers(1)
        call.cancel()
        #expect(await call.value == .rejected(.cancelled))
        #expect(time.elapsed == .zero)
    }

    @Test("cancelled during its try, a call doesn't begin to wait, and costs the budget nothing")
    func cancelledBefore() async throws {
        let budget = RetryBudget()
        let policy = try retry(budget: budget)
        let call = Task { () async -> Answer? in
            do throws(Answer) {
                try await policy.run(CallContext(isIdempotent: true)) { _ throws(TryFailure) in
                    withUnsafeCurrentTask { $0?.cancel() }
                    throw TryFailure()
                }
                return nil
            } catch {
                return error
            }
        }
        #expect(await call.value == .rejected(.cancelled))
        #expect(time.sleeps.isEmpty && budget.snapshot(now: time.start).retries == 0)
    }

    @Test("every wrong number is listed, and the old ones stay")
    func configuration() throws {
        let wrong = Retry.Configuration(
            attempts: 11, backoff: Backoff(base: .zero, cap: .seconds(1)), minimumAttempt: .seconds(-1))
        #expect(wrong.problems.count == 3 && wrong.problems[2].hasPrefix("backoff.base is"))
        #expect(throws: InvalidConfiguration.self) { try Retry(wrong, budget: nil) }
        let policy = try retry()
        #expect(throws: InvalidConfiguration(policy: "Retry", problems: wrong.problems)) {
            try policy.reconfigure(wrong)
        }
        #expect(policy.configuration == Retry.Configuration())
        try policy.reconfigure(.init(attempts: 5))
        #expect(policy.configuration.attempts == 5)
    }
}
