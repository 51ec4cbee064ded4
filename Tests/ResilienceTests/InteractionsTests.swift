import Resilience
import TestSupport
import Testing

@Suite("Policies together", .timeLimit(.minutes(10)))
struct InteractionsTests {
    private typealias Answer = CallFailure<TryFailure>

    /// Every sleep ends at once, having taken its time: for calls one after the other.
    private let leaping = LeapingTime()
    /// Time that only the test moves: for calls at once.
    private let time = ManualTime()
    private let attempts = Recorded<Int>()
    private let events = Recorded<PolicyEvent.Kind>()

    private var environment: PolicyEnvironment {
        PolicyEnvironment(
            time: leaping.source, random: .seeded(1), report: { [events] in events.add($0.kind) })
    }

    private func breaker(_ count: Int = 10) throws -> CircuitBreaker {
        try CircuitBreaker(
            .init(
                window: .calls(count), minimumCalls: count, failureRate: 1, openDuration: .seconds(60),
                longestOpenDuration: .seconds(60)),
            environment: environment)
    }

    private func retry(_ attempts: Int = 3, budget: RetryBudget? = nil) throws -> Retry {
        try Retry(.init(attempts: attempts), budget: budget, environment: environment)
    }

    /// Fails as `disposition` says, or succeeds if it is nil.
    private func call(
        _ policy: some Policy, _ disposition: Disposition? = .transient, within budget: Duration? = nil
    ) async -> Result<Int, Answer> {
        let context = CallContext(
            deadline: budget.map { .after($0, from: leaping.source.now()) }, isIdempotent: true)
        do throws(Answer) {
            return .success(
                try await policy.run(context, classify: { _ in disposition ?? .transient }) {
                    [attempts] context throws(TryFailure) in
                    attempts.add(context.attempt)
                    if disposition != nil { throw TryFailure(number: context.attempt) }
                    return context.attempt
                })
        } catch {
            return .failure(error)
        }
    }

    // MARK: Retry and breaker

    @Test("a retry inside a breaker: three tries are one call")
    func retryInside() async throws {
        let breaker = try breaker()
        let pipeline = Pipeline {
            breaker
            try! retry()
        }
        for _ in 0..<9 { _ = await call(pipeline) }
        #expect(attempts.all.count == 27 && breaker.snapshot.calls == 9 && breaker.snapshot.failures == 9)
        #expect(breaker.phase == .closed)
        _ = await call(pipeline)
        #expect(breaker.phase == .open)
        // Nothing to try again: the refusal comes before the retry.
        #expect(await call(pipeline) == .failure(.rejected(.circuitOpen(retryAfter: .seconds(60)))))
        #expect(attempts.all.count == 30)
    }

    @Test("a retry inside a breaker: a call that succeeds at its third try is a success")
    func recoveredInside() async throws {
        let breaker = try breaker(1)
        let pipeline = Pipeline {
            breaker
            try! retry()
        }
        let value = try await pipeline.run(CallContext(isIdempotent: true)) { context throws(TryFailure) in
            if context.attempt < 3 { throw TryFailure(number: context.attempt) }
            return context.attempt
        }
        #expect(value == 3 && breaker.snapshot.calls == 1 && breaker.snapshot.failures == 0)
    }

    @Test(
        "a retry outside a breaker: each try counts, and one that the open breaker refuses isn't tried again")
    func retryOutside() async throws {
        let breaker = try breaker()
        let pipeline = Pipeline {
            try! retry()
            breaker
        }
        for _ in 0..<3 { _ = await call(pipeline) }
        #expect(attempts.all == [1, 2, 3, 1, 2, 3, 1, 2, 3] && breaker.snapshot.failures == 9)
        // Its first try opens the breaker; the second is refused, and there is no third.
        guard case .failure(let failure) = await call(pipeline) else {
            Issue.record("no failure")
            return
        }
        #expect(attempts.all.count == 10 && breaker.phase == .open)
        guard case .rejected(.circuitOpen) = failure else {
            Issue.record("\(failure)")
            return
        }
        let retries = events.all.count { if case .retrying = $0 { true } else { false } }
        guard case .failure(.rejected(.circuitOpen)) = await call(pipeline) else {
            Issue.record("an open breaker let a call pass")
            return
        }
        #expect(attempts.all.count == 10)
        #expect(
            retries == events.all.count { if case .retrying = $0 { true } else { false } },
            "a refusal was tried again")
    }

    @Test(
        "one retry inside another adds its tries, and doesn't multiply them; no second try is hedged"
    )
    func nestedRetries() async throws {
        let hedge = try Hedge(environment: environment)
        let two = Pipeline {
            try! retry()
            hedge
            try! retry()
        }
        _ = await call(two)
        #expect(attempts.all == [1, 2, 3, 2, 3])
        #expect(hedge.budget.snapshot(now: leaping.source.now()).calls == 1)
    }

    // MARK: Time

    @Test("a timeout inside a retry is for each try; outside, for all of them and the waits between")
    func timeouts() async throws {
        let backoff = Backoff(base: .milliseconds(100), cap: .milliseconds(100), floor: .milliseconds(100))
        let retry = try Retry(.init(attempts: 5, backoff: backoff), budget: nil, environment: environment)
        let timeout = try Timeout(.milliseconds(500), environment: environment)
        func left(_ policy: some Policy) async -> [Duration?] {
            let seen = Recorded<Duration?>()
            _ = try? await policy.run(CallContext(isIdempotent: true)) {
                [leaping] context throws(TryFailure) in
                seen.add(context.deadline?.remaining(at: leaping.source.now()))
                leaping.advance(by: .milliseconds(50))
                throw TryFailure()
            }
            return seen.all
        }
        let inside = Pipeline {
            retry
            timeout
        }
        #expect(await left(inside) == Array(repeating: .milliseconds(500), count: 5))
        let outside = Pipeline {
            timeout
            retry
        }
        // The fourth try ends at 500 ms: no fifth.
        #expect(await left(outside) == [500, 350, 200, 50].map(Duration.milliseconds))
    }

    @Test(
        "a Retry-After beyond the deadline is a failure at once, and costs the budget nothing")
    func retryAfter() async throws {
        let budget = try RetryBudget(.init(share: 0, minimumPerSecond: 1))
        let pipeline = Pipeline {
            try! Timeout(.seconds(2), environment: environment)
            try! retry(budget: budget)
        }
        let failure = Answer.failed(TryFailure(number: 1), .busy(retryAfter: .seconds(2)))
        #expect(await call(pipeline, .busy(retryAfter: .seconds(2))) == .failure(failure))
        #expect(await call(pipeline, .busy(retryAfter: .seconds(9)), within: .seconds(5)).isFailure)
        #expect(attempts.all == [1, 1] && leaping.elapsed == .zero)
        #expect(budget.snapshot(now: leaping.source.now()).retries == 0)
        // One that fits is waited for.
        _ = await call(pipeline, .busy(retryAfter: .milliseconds(200)))
        #expect(attempts.all == [1, 1, 1, 2, 3] && leaping.sleeps.allSatisfy { $0 >= .milliseconds(200) })
    }

    @Test("a retry budget that two pipelines share bounds the retries of both together")
    func sharedBudget() async throws {
        let budget = try RetryBudget(.init(share: 0.1, minimumPerSecond: 0))
        let pipelines = [try retry(2, budget: budget), try retry(2, budget: budget)].map { retry in
            Pipeline { retry }
        }
        for index in 0..<200 { _ = await call(pipelines[index % 2]) }
        #expect(attempts.all.count { $0 == 1 } == 200 && attempts.all.count { $0 == 2 } == 20)
        #expect(events.all.count { $0 == .retryBudgetSpent } == 180)
    }

    // MARK: Hedge

    /// A hedge after 100 ms, the time of the calls that it has measured.
    private func hedge(budget: RetryBudget) async throws -> Hedge {
        let hedge = try Hedge(
            .init(minimumSamples: 1), budget: budget,
            environment: PolicyEnvironment(time: time.source, report: { [events] in events.add($0.kind) }))
        try await hedge.run(CallContext(isIdempotent: true)) { [time] _ in
            time.advance(by: .milliseconds(100))
        }
        return hedge
    }

    @Test("a hedge whose budget is spent sends no second try")
    func hedgeBudget() async throws {
        let bulkhead = try Bulkhead(.init(limit: 2))
        let hedge = try await hedge(budget: RetryBudget(.init(share: 0, minimumPerSecond: 0)))
        let pipeline = Pipeline {
            hedge
            bulkhead
        }
        let call = Task { [time, attempts] in
            try await pipeline.run(CallContext(isIdempotent: true)) { (context) async throws in
                attempts.add(context.attempt)
                try await time.source.sleep(.seconds(1))
            }
        }
        await time.sleepers(2)
        time.advance(by: .milliseconds(500))
        try await eventually { events.all.contains(.retryBudgetSpent) }
        #expect(bulkhead.snapshot.inUse == 1)
        time.advance(by: .milliseconds(500))
        try await call.value
        #expect(attempts.all == [1] && bulkhead.snapshot.inUse == 0)
    }

    @Test("the try that loses is cancelled, its permit comes back, and it says nothing to the breaker")
    func hedgeLoser() async throws {
        let bulkhead = try Bulkhead(.init(limit: 2))
        let breaker = try breaker()
        let hedge = try await hedge(budget: RetryBudget())
        let pipeline = Pipeline {
            hedge
            bulkhead
            breaker
        }
        let call = Task { [time, attempts] in
            try await pipeline.run(CallContext(isIdempotent: true)) { (context) async throws in
                attempts.add(context.attempt)
                do {
                    try await time.source.sleep(context.attempt == 1 ? .seconds(60) : .milliseconds(10))
                } catch {
                    throw TryFailure()
                }
                return context.attempt
            }
        }
        await time.sleepers(2)
        time.advance(by: .milliseconds(100))
        await time.sleepers(2)
        #expect(bulkhead.snapshot.inUse == 2)
        time.advance(by: .milliseconds(10))
        #expect(try await call.value == 2)
        #expect(attempts.all == [1, 2] && bulkhead.snapshot.inUse == 0)
        #expect(
            breaker.snapshot.calls == 1 && breaker.snapshot.failures == 0
                && time.elapsed == .milliseconds(210))
    }

    @Test("a hedge that finds the bulkhead full leaves the first try its time")
    func hedgeFull() async throws {
        let bulkhead = try Bulkhead(.init(limit: 1))
        let hedge = try await hedge(budget: RetryBudget())
        let pipeline = Pipeline {
            hedge
            bulkhead
        }
        let call = Task { [time] in
            try await pipeline.run(CallContext(isIdempotent: true)) { (context) async throws in
                try await time.source.sleep(.seconds(1))
                return context.attempt
            }
        }
        await time.sleepers(2)
        time.advance(by: .milliseconds(100))
        try await eventually { events.all.contains(.hedged) && bulkhead.snapshot.refused > 0 }
        time.advance(by: .milliseconds(900))
        #expect(try await call.value == 1)
        #expect(bulkhead.snapshot.inUse == 0)
    }

    // MARK: Faults, innermost

    private func protected(by faults: Faults, _ breaker: CircuitBreaker, _ timeout: Duration = .seconds(1))
        throws
        -> some Policy
    {
        try Pipeline {
            breaker
            try Timeout(timeout, environment: environment)
            faults
        }
    }

    @Test("injected errors open the breaker as real ones do")
    func injectedErrors() async throws {
        let (faults, breaker) = (Faults(environment: environment), try breaker())
        let pipeline = try protected(by: faults, breaker)
        try faults.set([Fault(.error, expiresIn: .seconds(3600))])
        for _ in 0..<10 { #expect(await call(pipeline, nil) == .failure(.rejected(.injected(.error)))) }
        #expect(breaker.phase == .open && attempts.all.isEmpty)
        faults.clear()
        leaping.advance(by: .seconds(60))
        for _ in 0..<2 { #expect(await call(pipeline, nil) == .success(1)) }
        #expect(breaker.phase == .closed)
    }

    @Test("injected latency trips the slow-call rate, though every call succeeds")
    func injectedLatency() async throws {
        let faults = Faults(environment: environment)
        let breaker = try CircuitBreaker(
            .init(window: .calls(10), minimumCalls: 10, slowCall: .milliseconds(100), slowCallRate: 0.5),
            environment: environment)
        let pipeline = try protected(by: faults, breaker)
        try faults.set([Fault(.latency, delay: .milliseconds(100), expiresIn: .seconds(3600))])
        for _ in 0..<10 { #expect(await call(pipeline, nil) == .success(1)) }
        #expect(breaker.phase == .open && breaker.snapshot.reason == "10 of the last 10 calls were slow")
    }

    @Test("a black hole ends exactly at the deadline, and counts against the dependency")
    func blackHole() async throws {
        let (faults, breaker) = (Faults(environment: environment), try breaker(3))
        let pipeline = try protected(by: faults, breaker, .milliseconds(700))
        try faults.set([Fault(.blackHole, expiresIn: .seconds(3600))])
        for count in 1...3 {
            #expect(
                await call(pipeline, nil, within: .milliseconds(count == 2 ? 200 : 5000))
                    == .failure(.rejected(.timedOut)))
            #expect(leaping.elapsed == .milliseconds([700, 900, 1600][count - 1]))
        }
        #expect(breaker.phase == .open && attempts.all.isEmpty)
    }

    @Test("injected failures are tried again within the budget, and each try may be bitten")
    func injectedRetried() async throws {
        let faults = Faults(environment: environment)
        try faults.set([Fault(.abort, expiresIn: .seconds(3600))])
        let pipeline = Pipeline {
            try! retry()
            faults
        }
        #expect(await call(pipeline, nil) == .failure(.rejected(.injected(.abort))))
        #expect(faults.snapshot.faults.first?.bitten == 3)
    }
}

extension Result {
    fileprivate var isFailure: Bool { if case .failure = self { true } else { false } }
}
