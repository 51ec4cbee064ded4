import TestSupport
import Testing

@testable import Resilience

@Suite("Hedge", .timeLimit(.minutes(10)))
struct HedgeTests {
    private typealias Answer = CallFailure<TryFailure>
    private let time = ManualTime()
    private let events = Recorded<PolicyEvent.Kind>()
    private let log = Recorded<String>()

    /// A hedge after 100 ms, the time of the calls that it has measured.
    private func primed(budget: RetryBudget = RetryBudget()) async throws -> Hedge {
        let hedge = try Hedge(
            .init(minimumSamples: 10), budget: budget,
            environment: PolicyEnvironment(time: time.source, report: { [events] in events.add($0.kind) }))
        for _ in 0..<10 {
            try await hedge.run(CallContext(isIdempotent: true)) { [time] _ throws(TryFailure) in
                time.advance(by: .milliseconds(100))
            }
        }
        return hedge
    }

    /// What each try does: sleeps for its time, then answers or fails.
    private struct Script: Sendable {
        var first: (Duration, Disposition?)
        var second: (Duration, Disposition?) = (.seconds(9), nil)
    }

    private func begin(
        _ hedge: Hedge, _ script: Script, _ context: CallContext = CallContext(isIdempotent: true)
    ) -> Task<Result<String, Answer>, Never> {
        Task { [time, log] in
            do throws(Answer) {
                return .success(
                    try await hedge.apply(context) { (context) async throws(Answer) -> String in
                        let (name, step) =
                            context.attempt == 1 ? ("first", script.first) : ("second", script.second)
                        log.add("\(name) begun")
                        do {
                            try await time.source.sleep(step.0)
                        } catch {
                            log.add("\(name) cancelled")
                            throw .failed(TryFailure(number: context.attempt), .ignored)
                        }
                        if let disposition = step.1 {
                            throw .failed(TryFailure(number: context.attempt), disposition)
                        }
                        log.add("\(name) done")
                        return name
                    })
            } catch {
                return .failure(error)
            }
        }
    }

    @Test("a first try that is fast enough stays alone")
    func fast() async throws {
        let hedge = try await primed()
        #expect(hedge.delay == .milliseconds(100))
        let call = begin(hedge, Script(first: (.milliseconds(99), nil)))
        await time.sleepers(2)
        time.advance(by: .milliseconds(99))
        #expect(try await call.value.get() == "first")
        #expect(log.all == ["first begun", "first done"] && events.all.isEmpty)
    }

    @Test("when the second wins, the first is cancelled and waited for, and measured as at least as slow")
    func secondWins() async throws {
        let hedge = try await primed()
        let call = begin(hedge, Script(first: (.seconds(5), nil), second: (.milliseconds(50), nil)))
        await time.sleepers(2)
        time.advance(by: .milliseconds(100))
        await time.sleepers(2)
        time.advance(by: .milliseconds(50))
        #expect(try await call.value.get() == "second")
        #expect(log.all == ["first begun", "second begun", "second done", "first cancelled"])
        #expect(events.all == [.hedged])
        #expect(hedge.delay == .milliseconds(150))
        #expect(hedge.budget.snapshot(now: time.source.now()).retries == 1)
    }

    @Test("when the first wins after all, the second is cancelled and waited for")
    func firstWins() async throws {
        let hedge = try await primed()
        let call = begin(hedge, Script(first: (.milliseconds(120), nil)))
        await time.sleepers(2)
        time.advance(by: .milliseconds(100))
        await time.sleepers(2)
        time.advance(by: .milliseconds(20))
        #expect(try await call.value.get() == "first")
        #expect(log.all == ["first begun", "second begun", "first done", "second cancelled"])
        #expect(hedge.delay == .milliseconds(120))
    }

    @Test("a first try that fails before the second is due is the answer, and isn't measured")
    func failsEarly() async throws {
        let hedge = try await primed()
        let call = begin(hedge, Script(first: (.milliseconds(1), .transient)))
        await time.sleepers(2)
        time.advance(by: .milliseconds(1))
        #expect(await call.value == .failure(.failed(TryFailure(number: 1), .transient)))
        #expect(log.all == ["first begun"] && events.all.isEmpty && hedge.delay == .milliseconds(100))
    }

    @Test("a try that fails leaves the answer to the other, whichever it is", arguments: [true, false])
    func oneFails(firstFails: Bool) async throws {
        let hedge = try await primed()
        let (bad, good) = (
            (Duration.milliseconds(150), Disposition?.some(.transient)),
            (Duration.milliseconds(300), Disposition?.none)
        )
        let call = begin(
            hedge,
            firstFails
                ? Script(first: bad, second: good) : Script(first: (.milliseconds(500), nil), second: bad))
        await time.sleepers(2)
        time.advance(by: .milliseconds(100))
        await time.sleepers(2)
        time.advance(by: .milliseconds(150))
        await time.sleepers(1)
        time.advance(by: .milliseconds(300))
        #expect(try await call.value.get() == (firstFails ? "second" : "first"))
        // If the first fails, the second may be reported before it: what is measured then is random.
        if !firstFails {
            #expect(hedge.delay == .milliseconds(550), "the first try is measured, if it succeeds")
        }
    }

    @Test("if both fail, the first's failure is the answer", arguments: [true, false])
    func bothFail(firstIsFirst: Bool) async throws {
        let hedge = try await primed()
        let call = begin(
            hedge,
            Script(
                first: (.milliseconds(firstIsFirst ? 150 : 400), .transient),
                second: (.milliseconds(100), .transient)))
        await time.sleepers(2)
        time.advance(by: .milliseconds(100))
        await time.sleepers(2)
        time.advance(by: .milliseconds(50))
        time.advance(by: .milliseconds(50))
        time.advance(by: .milliseconds(200))
        #expect(await call.value == .failure(.failed(TryFailure(number: 1), .transient)))
        #expect(hedge.delay == .milliseconds(100), "failures are not measured")
    }

    @Test("a refusal of the dependency ends the race: the other try would be refused too")
    func refused() async throws {
        let hedge = try await primed()
        let call = begin(hedge, Script(first: (.seconds(5), nil), second: (.milliseconds(1), .refusal)))
        await time.sleepers(2)
        time.advance(by: .milliseconds(100))
        await time.sleepers(2)
        time.advance(by: .milliseconds(1))
        #expect(await call.value == .failure(.failed(TryFailure(number: 2), .refusal)))
        #expect(log.all == ["first begun", "second begun", "first cancelled"])
    }

    @Test("a policy's refusal of the second leaves the first running")
    func secondNotLet() async throws {
        let hedge = try await primed()
        let call = begin(
            hedge, Script(first: (.milliseconds(200), nil), second: (.milliseconds(1), .ignored)))
        await time.sleepers(2)
        time.advance(by: .milliseconds(100))
        await time.sleepers(2)
        time.advance(by: .milliseconds(1))
        await time.sleepers(1)
        time.advance(by: .milliseconds(99))
        #expect(try await call.value.get() == "first")
    }

    @Test("a spent budget leaves the first alone, and says so")
    func budget() async throws {
        let hedge = try await primed(budget: RetryBudget(.init(share: 0, minimumPerSecond: 0)))
        let call = begin(hedge, Script(first: (.milliseconds(300), nil)))
        await time.sleepers(2)
        time.advance(by: .milliseconds(100))
        await time.sleepers(1)
        time.advance(by: .milliseconds(200))
        #expect(try await call.value.get() == "first")
        #expect(log.all == ["first begun", "first done"] && events.all == [.retryBudgetSpent])
    }

    @Test(
        "not hedged: what isn't idempotent, a second try, what would end after the deadline, the unknown"
    )
    func passesThrough() async throws {
        let hedge = try await primed()
        var second = CallContext(isIdempotent: true)
        second.attempt = 2
        let soon = Deadline.after(.milliseconds(100), from: time.source.now())
        let unknown = try Hedge(environment: PolicyEnvironment(time: time.source))
        let calls: [(Hedge, CallContext)] = [
            (hedge, CallContext(isIdempotent: false)), (hedge, second),
            (hedge, CallContext(deadline: soon, isIdempotent: true)),
            (unknown, CallContext(isIdempotent: true)),
        ]
        for (policy, context) in calls {
            // Without a group the operation runs on the caller's own task.
            let isSame = try await policy.run(context) { [own = currentTask()] _ in own == currentTask() }
            #expect(isSame)
        }
    }

    @Test(
        "cancelled, a call cancels its first try and sends no second",
        arguments: [Duration.zero, .milliseconds(100)])
    func cancelled(after: Duration) async throws {
        let hedge = try await primed()
        let call = begin(hedge, Script(first: (.seconds(5), nil)))
        await time.sleepers(2)
        if after > .zero {
            time.advance(by: after)
            await time.sleepers(2)
        }
        call.cancel()
        #expect(await call.value == .failure(.failed(TryFailure(number: 1), .ignored)))
        #expect(
            log.all.contains("first cancelled") && log.all.contains("second cancelled") == (after > .zero))
        #expect(hedge.delay == .milliseconds(100))
    }

    @Test("cancelled before the second is due, a first try that won't be cancelled stays alone")
    func cancelledButStubborn() async throws {
        let (begun, woken, mayEnd) = (Watched(false), Watched(false), Watched(false))
        let source = TimeSource(
            now: time.source.now,
            sleep: { [time] duration in
                defer { woken.update { $0 = true } }
                try await time.source.sleep(duration)
            })
        let hedge = try Hedge(.init(minimumSamples: 1), environment: PolicyEnvironment(time: source))
        try await hedge.run(CallContext(isIdempotent: true)) { _ throws(TryFailure) in }
        let call = Task { [log] in
            try await hedge.run(CallContext(isIdempotent: true)) { context throws(TryFailure) in
                log.add("try \(context.attempt)")
                begun.update { $0 = true }
                await mayEnd.until(evenIfCancelled: true) { $0 }
            }
        }
        await begun.until { $0 }
        await time.sleepers(1)
        call.cancel()
        await woken.until { $0 }
        mayEnd.update { $0 = true }
        try await call.value
        #expect(log.all == ["try 1"])
    }

    @Test("the percentile is that of the last 256, as sorting them anew would give it")
    func percentile() throws {
        var random = SeededRandomSource("RecentLatencies")
        var latencies = RecentLatencies()
        #expect(latencies.percentile(0.5) == nil)
        var all: [Duration] = []
        for step in 1...100_000 {
            let latency = Duration.microseconds(random.upTo(random.upTo(20) == 0 ? 5_000 : 50))
            latencies.record(latency)
            all.append(latency)
            guard step % 97 == 0 || step < 300 else { continue }
            let sorted = all.suffix(256).sorted()
            let share = Double(50 + random.upTo(50)) / 100
            // Nearest rank: the first that at least this share doesn't exceed.
            let index = sorted.indices.first { Double($0 + 1) >= share * Double(sorted.count) }
            try #require(latencies.count == sorted.count)
            try #require(latencies.percentile(share) == index.map { sorted[$0] }, "step \(step)")
        }
    }

    @Test("every wrong number is listed, and the old ones stay")
    func configuration() throws {
        let wrong = Hedge.Configuration(percentile: 1, minimumDelay: .zero, minimumSamples: 257)
        #expect(wrong.problems.count == 3)
        #expect(throws: InvalidConfiguration.self) { try Hedge(wrong) }
        let hedge = try Hedge()
        #expect(throws: InvalidConfiguration(policy: "Hedge", problems: wrong.problems)) {
            try hedge.reconfigure(wrong)
        }
        #expect(hedge.configuration == Hedge.Configuration() && hedge.delay == nil)
    }
}

private func currentTask() -> Int { withUnsafeCurrentTask { $0?.hashValue ?? 0 } }
