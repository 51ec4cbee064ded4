import Resilience
import TestSupport
import Testing

@Suite("A circuit breaker", .timeLimit(.minutes(10)))
struct CircuitBreakerTests {
    let time = ManualTime()

    struct Down: Error {}

    func breaker(
        _ configuration: CircuitBreaker.Configuration = .init(
            window: .calls(10), minimumCalls: 4, openDuration: .seconds(1), longestOpenDuration: .seconds(8),
            probes: 2,
            probeTimeout: .seconds(5)),
        events: Recorded<PolicyEvent>? = nil
    ) throws -> CircuitBreaker {
        var environment = PolicyEnvironment(name: "coupon", time: time.source)
        if let events { environment.report = { events.add($0) } }
        return try CircuitBreaker(configuration, environment: environment)
    }

    func fail(_ breaker: CircuitBreaker, times: Int = 1) async {
        for _ in 0..<times { _ = try? await breaker.run { (_) async throws in throw Down() } }
    }

    func succeed(_ breaker: CircuitBreaker, times: Int = 1) async throws {
        for _ in 0..<times { try await breaker.run { _ in } }
    }

    @Test("lets everything pass until there are enough calls, then opens at the failure rate and says why")
    func opens() async throws {
        let events = Recorded<PolicyEvent>()
        let breaker = try breaker(events: events)
        try await succeed(breaker, times: 2)
        await fail(breaker)
        #expect(breaker.phase == .closed)
        await fail(breaker)
        #expect(breaker.phase == .open)
        #expect(breaker.snapshot.reason == "2 of the last 4 calls failed")
        await #expect(throws: CallFailure<Never>.rejected(.circuitOpen(retryAfter: .seconds(1)))) {
            () async throws in
            try await breaker.run { _ in Issue.record("an open breaker let a call pass") }
        }
        #expect(
            events.all.map(\.kind) == [
                .breakerChanged(from: .closed, to: .open, reason: "2 of the last 4 calls failed"),
                .rejected(.circuitOpen(retryAfter: .seconds(1))),
            ])
    }

    @Test("opens at the rate of slow calls, though all of them succeed")
    func slow() async throws {
        let breaker = try breaker(
            .init(window: .calls(10), minimumCalls: 4, slowCall: .milliseconds(100), slowCallRate: 0.5))
        for index in 0..<4 {
            try await breaker.run { [time] _ in time.advance(by: .milliseconds(index < 2 ? 99 : 100)) }
        }
        #expect(breaker.phase == .open)
        #expect(breaker.snapshot.reason == "2 of the last 4 calls were slow")
    }

    @Test("an answer that is a refusal counts as a success, and a cancellation for nothing")
    func ignored() async throws {
        let breaker = try breaker()
        for _ in 0..<10 {
            _ = try? await breaker.run(classify: { (_: Down) in .refusal }) { (_) async throws(Down) in
                throw Down()
            }
            _ = try? await breaker.run { (_) async throws in throw CancellationError() }
        }
        #expect(breaker.snapshot.calls == 10 && breaker.snapshot.failures == 0)
    }

    @Test("a call that fails in a cancelled task says nothing about the dependency, whatever it throws")
    func cancelled() async throws {
        let breaker = try breaker()
        await Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await fail(breaker, times: 10)
        }.value
        #expect(breaker.snapshot.calls == 0)
    }

    @Test(
        "when the open duration is over some probes pass at once; if all succeed it closes and starts anew"
    )
    func recovers() async throws {
        let breaker = try breaker()
        await fail(breaker, times: 4)
        time.advance(by: .seconds(1))
        let now = time.source.now()
        guard case .permit(let first) = breaker.acquire(at: now),
            case .permit(let second) = breaker.acquire(at: now)
        else {
            Issue.record("no probe was let through")
            return
        }
        #expect(first.isProbe && second.isProbe)
        #expect(breaker.acquire(at: now) == .refused(retryAfter: .zero))
        breaker.settle(first, .healthy, slow: false, at: now)
        breaker.settle(first, .healthy, slow: false, at: now)
        #expect(breaker.phase == .halfOpen, "given back twice, it counts once")
        breaker.settle(second, .healthy, slow: false, at: now)
        #expect(breaker.phase == .closed && breaker.snapshot.calls == 0)
    }

    @Test(
        "each opening in a row doubles the open duration, up to its cap; a long closed time resets it"
    )
    func grows() async throws {
        let breaker = try breaker()
        await fail(breaker, times: 4)
        for expected in [2, 4, 8, 8] {
            time.advance(by: try #require(breaker.snapshot.retryAfter))
            await fail(breaker)
            #expect(breaker.snapshot.retryAfter == .seconds(expected))
        }
        time.advance(by: .seconds(8))
        try await succeed(breaker, times: 2)
        await fail(breaker, times: 4)
        #expect(breaker.snapshot.retryAfter == .seconds(8), "closed for no time, it hasn't forgotten")
        time.advance(by: .seconds(8))
        try await succeed(breaker, times: 2)
        time.advance(by: .seconds(8))
        await fail(breaker, times: 4)
        #expect(breaker.snapshot.retryAfter == .seconds(1))
    }

    @Test("a probe that is cancelled, says nothing, or never comes back makes room for another")
    func abandoned() async throws {
        let breaker = try breaker()
        await fail(breaker, times: 4)
        time.advance(by: .seconds(1))
        for _ in 0..<5 { _ = try? await breaker.run { (_) async throws in throw CancellationError() } }
        #expect(breaker.phase == .halfOpen)
        guard case .permit(let lost) = breaker.acquire(at: time.source.now()),
            case .permit(let held) = breaker.acquire(at: time.source.now())
        else {
            Issue.record("no probe was let through")
            return
        }
        time.advance(by: .seconds(5))
        breaker.settle(lost, .faulty, slow: false, at: time.source.now())
        #expect(breaker.phase == .halfOpen, "its answer came too late to count")
        withExtendedLifetime(held) {}
        for _ in 0..<5 { _ = breaker.acquire(at: time.source.now()) }
        #expect(breaker.isProbeDue, "permits that were dropped are back")
        try await succeed(breaker, times: 2)
        #expect(breaker.phase == .closed)
    }

    @Test("one permit settled twenty times is one failure")
    func settledTwice() throws {
        let breaker = try breaker()
        let now = time.source.now()
        guard case .permit(let permit) = breaker.acquire(at: now) else { return }
        for _ in 0..<20 { breaker.settle(permit, .faulty, slow: false, at: now) }
        #expect(breaker.phase == .closed && breaker.snapshot.failures == 1)
        let other = try self.breaker()
        guard case .permit(let others) = other.acquire(at: now) else { return }
        for _ in 0..<20 { breaker.settle(others, .faulty, slow: false, at: now) }
        #expect(breaker.snapshot.failures == 1, "another breaker's permit")
    }

    @Test(
        "a rate that is met exactly opens it: 55 of 100 at 0.55, and every other percentage",
        arguments: 1...100)
    func exactly(percent: Int) throws {
        let rate = Double(percent) / 100
        for isSlow in [false, true] {
            let breaker = try CircuitBreaker(
                .init(
                    window: .calls(100), minimumCalls: 100, failureRate: isSlow ? 1 : rate,
                    slowCall: .seconds(1),
                    slowCallRate: isSlow ? rate : 1),
                environment: PolicyEnvironment(time: time.source))
            let now = time.source.now()
            for number in 1...100 {
                #expect(breaker.phase == .closed)
                guard case .permit(let permit) = breaker.acquire(at: now) else { return }
                let isBad = number > 100 - percent
                breaker.settle(permit, isBad && !isSlow ? .faulty : .healthy, slow: isBad && isSlow, at: now)
            }
            #expect(breaker.phase == .open)
        }
    }

    @Test("an answer of an earlier generation changes nothing")
    func late() async throws {
        let breaker = try breaker()
        guard case .permit(let old) = breaker.acquire(at: time.source.now()) else { return }
        await fail(breaker, times: 4)
        time.advance(by: .seconds(1))
        try await succeed(breaker, times: 2)
        breaker.settle(old, .faulty, slow: false, at: time.source.now())
        #expect(breaker.snapshot.calls == 0)
    }

    @Test(
        "forced open it refuses all, forced closed none; observing it only reports what it would refuse"
    )
    func forced() async throws {
        let events = Recorded<PolicyEvent>()
        let breaker = try breaker(events: events)
        breaker.set(.forcedOpen)
        #expect(breaker.acquire(at: time.source.now()) == .refused(retryAfter: nil))
        breaker.set(.forcedClosed)
        await fail(breaker, times: 50)
        #expect(breaker.phase == .closed && breaker.snapshot.failures == 10)
        breaker.set(.observing)
        await fail(breaker, times: 4)
        #expect(breaker.phase == .open)
        try await succeed(breaker)
        #expect(
            events.all.last?.kind
                == .breakerChanged(from: .closed, to: .open, reason: "4 of the last 4 calls failed"))
        breaker.set(.automatic)
        #expect(breaker.phase == .closed)
    }

    @Test("new numbers are checked together and count from then on; bad ones leave the old in place")
    func reconfigured() async throws {
        let breaker = try breaker()
        let bad = CircuitBreaker.Configuration(
            window: .calls(3), minimumCalls: 0, failureRate: 1.5, slowCall: .zero, openDuration: .seconds(2),
            longestOpenDuration: .seconds(1), probes: 0, probeTimeout: .zero)
        let error = #expect(throws: InvalidConfiguration.self) { try breaker.reconfigure(bad) }
        #expect(error?.problems.count == 6)
        #expect(breaker.configuration.minimumCalls == 4)
        var good = breaker.configuration
        good.minimumCalls = 2
        try breaker.reconfigure(good)
        await fail(breaker, times: 2)
        #expect(breaker.phase == .open)
    }

    @Test("half-open, it closes when as many probes have succeeded as the new number asks for")
    func reconfiguredHalfOpen() async throws {
        let events = Recorded<PolicyEvent>()
        let breaker = try breaker(events: events)
        await fail(breaker, times: 4)
        time.advance(by: .seconds(1))
        try await succeed(breaker)
        var numbers = breaker.configuration
        numbers.probes = 3
        try breaker.reconfigure(numbers)
        #expect(breaker.phase == .halfOpen)
        numbers.probes = 1
        try breaker.reconfigure(numbers)
        #expect(breaker.phase == .closed && breaker.isClosed)
        #expect(
            events.all.last?.kind
                == .breakerChanged(from: .halfOpen, to: .closed, reason: "1 probes succeeded"))
        try await succeed(breaker, times: 5)
        #expect(breaker.snapshot.calls == 5)
    }

    @Test(
        "half-open with a probe under way, a lower number waits for that probe's end",
        arguments: [true, false])
    func reconfiguredDuringProbe(succeeds: Bool) async throws {
        let breaker = try breaker()
        await fail(breaker, times: 4)
        time.advance(by: .seconds(1))
        guard case .permit(let probe) = breaker.acquire(at: time.source.now()) else {
            Issue.record("no probe was admitted")
            return
        }
        var numbers = breaker.configuration
        numbers.probes = 1
        try breaker.reconfigure(numbers)
        #expect(breaker.phase == .halfOpen && !breaker.isProbeDue)
        breaker.settle(probe, succeeds ? .healthy : .unknown, slow: false, at: time.source.now())
        #expect(breaker.phase == (succeeds ? .closed : .halfOpen))
        try await succeed(breaker, times: 3)
        #expect(breaker.phase == .closed)
    }

    @Test("a shorter open duration holds for a breaker that is open, a longer one for the next opening")
    func reconfiguredOpen() async throws {
        let breaker = try breaker()
        await fail(breaker, times: 4)
        var numbers = breaker.configuration
        (numbers.openDuration, numbers.longestOpenDuration) = (.seconds(60), .seconds(60))
        try breaker.reconfigure(numbers)
        #expect(breaker.snapshot.retryAfter == .seconds(1))
        time.advance(by: .seconds(1))
        await fail(breaker)
        #expect(breaker.snapshot.retryAfter == .seconds(60))
        (numbers.openDuration, numbers.longestOpenDuration) = (.seconds(2), .seconds(3))
        try breaker.reconfigure(numbers)
        #expect(breaker.snapshot.retryAfter == .seconds(3))
        time.advance(by: .seconds(3))
        try await succeed(breaker, times: 2)
        #expect(breaker.phase == .closed)
    }

    @Test("two threads of successes and one of failures: every call is counted once")
    func concurrent() async throws {
        let breaker = try breaker(.init(window: .calls(10_000), minimumCalls: 10_000, failureRate: 1))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask { for _ in 0..<2000 { try? await breaker.run { _ in } } }
            }
            group.addTask { await fail(breaker, times: 500) }
        }
        #expect(breaker.snapshot.calls == 4500 && breaker.snapshot.failures == 500)
    }

    // MARK: Successes that are noted

    @Test("noted successes close it like probes, but not before the open duration is over")
    func noted() async throws {
        let events = Recorded<PolicyEvent>()
        let breaker = try breaker(events: events)
        await fail(breaker, times: 4)
        for _ in 0..<2 { breaker.noteSuccess(after: .milliseconds(5)) }
        time.advance(by: .milliseconds(999))
        #expect(breaker.phase == .open && !breaker.isClosed)
        time.advance(by: .milliseconds(1))
        #expect(breaker.isClosed && breaker.phase == .closed)
        #expect(
            events.all.last?.kind == .breakerChanged(from: .open, to: .closed, reason: "2 probes succeeded"))
    }

    @Test("a noted success and a probe add up; half-open, a noted one can be the last that is needed")
    func notedAndTried() async throws {
        let breaker = try breaker()
        await fail(breaker, times: 4)
        breaker.noteSuccess(after: .milliseconds(5))
        time.advance(by: .seconds(1))
        #expect(breaker.phase == .open)
        try await succeed(breaker)
        #expect(breaker.phase == .closed)
        await fail(breaker, times: 4)
        time.advance(by: .seconds(2))
        try await succeed(breaker)
        #expect(breaker.phase == .halfOpen)
        breaker.noteSuccess(after: .milliseconds(5))
        #expect(breaker.phase == .closed)
    }

    @Test(
        "a noted success counts neither when slow by its numbers nor while it is forced or closed"
    )
    func notedInVain() async throws {
        let breaker = try breaker(
            .init(
                window: .calls(10), minimumCalls: 4, slowCall: .milliseconds(100), openDuration: .seconds(1),
                probes: 1))
        breaker.noteSuccess(after: .zero)
        await fail(breaker, times: 4)
        #expect(breaker.phase == .open, "a success noted while closed diluted the failures")
        breaker.noteSuccess(after: .milliseconds(100))
        time.advance(by: .seconds(1))
        #expect(breaker.phase == .open)
        breaker.set(.forcedOpen)
        breaker.noteSuccess(after: .zero)
        #expect(breaker.phase == .open && !breaker.isClosed)
    }
}
