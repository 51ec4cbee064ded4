import Resilience
import TestSupport
import Testing

@Suite("Adaptive limit", .timeLimit(.minutes(10)))
struct AdaptiveLimitTests {
    private struct Broken: Error, Equatable {}

    let time = ManualTime()
    let events = Recorded<PolicyEvent.Kind>()

    private func limit(_ configuration: AdaptiveLimit.Configuration = .init()) throws -> AdaptiveLimit {
        try AdaptiveLimit(
            configuration,
            environment: PolicyEnvironment(
                name: "order", time: time.source, report: { [events] in events.add($0.kind) }))
    }

    private let highest = Priority(rank: 3)

    /// Makes `calls` calls of the given length, as many at once as the limit admits, and further ones until a
    /// measurement has ended.
    private func load(
        _ limit: AdaptiveLimit, calls: Int, taking latency: Duration, outcome: Disposition.Health = .healthy
    ) {
        var made = 0
        while made < calls || limit.snapshot.isMeasuring {
            made += 1
            call(limit, latency, outcome)
        }
    }

    private func call(_ limit: AdaptiveLimit, _ latency: Duration, _ outcome: Disposition.Health = .healthy) {
        let others = limit.snapshot.limit - limit.snapshot.inFlight - 1
        let now = time.source.now()
        guard let permit = limit.tryAcquire(priority: highest, at: now) else { return }
        // The others come, fill the limit, are refused, and leave.
        fill(limit, others, at: now)
        limit.release(permit, outcome: outcome, at: now.advanced(by: latency))
    }

    private func fill(_ limit: AdaptiveLimit, _ count: Int, at now: ContinuousClock.Instant) {
        guard let permit = limit.tryAcquire(priority: highest, at: now) else { return }
        fill(limit, count - 1, at: now)
        limit.release(permit, outcome: .unknown, at: now)
    }

    @Test("admits calls up to the limit; the next is refused, not made, and reported")
    func refusal() async throws {
        let limit = try limit(.init(initial: 1))
        let answer = try await limit.run(CallContext(priority: highest)) { (_) async throws(Broken) in
            let refusal = await #expect(throws: CallFailure<Broken>.self) {
                try await limit.run { (_) async throws(Broken) -> Int in
                    Issue.record("made")
                    throw Broken()
                }
            }
            #expect(refusal == .rejected(.limitReached))
            #expect(limit.snapshot.inFlight == 1)
            return 7
        }
        #expect(answer == 7)
        #expect(limit.snapshot.inFlight == 0)
        #expect(limit.snapshot.refused == [1, 0, 0, 0])
        #expect(events.all == [.rejected(.limitReached)])
    }

    @Test(
        "each rank may begin a call while less than its share is in flight",
        arguments: [(20, [10, 15, 18, 20]), (10, [5, 7, 9, 10]), (3, [1, 2, 2, 3]), (1, [1, 1, 1, 1])])
    func ranks(size: Int, shares: [Int]) throws {
        for (rank, share) in zip([-7, 1, 2, 9], shares) {
            let limit = try limit(.init(initial: size))
            var held: [AdaptiveLimit.Permit] = []
            while let permit = limit.tryAcquire(priority: Priority(rank: rank), at: time.source.now()) {
                held.append(permit)
            }
            #expect(held.count == share)
            #expect(limit.snapshot.inFlight == share)
            #expect(limit.snapshot.refused[max(0, min(rank, 3))] == 1)
        }
    }

    @Test("the permit comes back when the call succeeds, fails or is cancelled")
    func givingBack() async throws {
        let limit = try limit(.init(initial: 1))
        _ = try await limit.run { (_) async throws(Broken) in 1 }
        #expect(limit.snapshot.inFlight == 0)
        await #expect(throws: CallFailure<Broken>.failed(Broken(), .transient)) {
            try await limit.run { (_) async throws(Broken) in throw Broken() }
        }
        #expect(limit.snapshot.inFlight == 0)
        let task = Task { [time] in
            try await limit.run { (_) async throws in try await time.source.sleep(.seconds(1)) }
        }
        await time.sleepers(1)
        #expect(limit.snapshot.inFlight == 1)
        task.cancel()
        await #expect(throws: CallFailure<any Error>.self) { try await task.value }
        #expect(limit.snapshot.inFlight == 0)
        #expect(limit.snapshot.baseLatency == nil)
    }

    @Test("grows, with a report, while it is used and answers stay fast")
    func growth() throws {
        let limit = try limit(.init(initial: 10))
        load(limit, calls: 1000, taking: .milliseconds(20))
        #expect(limit.snapshot.limit > 40)
        #expect(limit.snapshot.refused[3] > 0)
        let base = try #require(limit.snapshot.baseLatency)
        #expect(abs(base / .milliseconds(20) - 1) < 0.001)
        var told = 10
        for case .limitChanged(let from, let to) in events.all {
            #expect(from == told && (to - from) * 10 >= from)
            told = to
        }
        #expect(told == limit.snapshot.limit)
    }

    @Test("doesn't grow while it isn't used")
    func unused() throws {
        let limit = try limit(.init(initial: 10))
        for _ in 0..<5000 {
            let now = time.source.now()
            if let permit = limit.tryAcquire(priority: highest, at: now) {
                limit.release(permit, outcome: .healthy, at: now.advanced(by: .milliseconds(20)))
            }
        }
        #expect(limit.snapshot.limit == 10)
        #expect(events.all.isEmpty)
    }

    @Test("never leaves its bounds, whatever the outcomes")
    func bounds() throws {
        let limit = try limit(.init(minimum: 5, maximum: 30))
        load(limit, calls: 3000, taking: .milliseconds(20))
        #expect(limit.snapshot.limit == 30)
        load(limit, calls: 3000, taking: .milliseconds(20), outcome: .faulty)
        #expect(limit.snapshot.limit == 5)
        load(limit, calls: 3000, taking: .milliseconds(20))
        #expect(limit.snapshot.limit == 30)
    }

    @Test("unknown outcomes change nothing")
    func unknown() throws {
        let limit = try limit(.init(initial: 10))
        load(limit, calls: 3000, taking: .seconds(20), outcome: .unknown)
        #expect(limit.snapshot.limit == 10)
        #expect(limit.snapshot.baseLatency == nil)
    }

    @Test("a few failures are nothing, a tenth shrinks a limit that is used")
    func failures() throws {
        let limit = try limit(.init(maximum: 100))
        load(limit, calls: 3000, taking: .milliseconds(20))
        #expect(limit.snapshot.limit == 100)
        for round in 0..<100 {
            load(limit, calls: 10, taking: .zero, outcome: round % 50 == 0 ? .faulty : .healthy)
        }
        let before = limit.snapshot.limit
        load(limit, calls: 400, taking: .milliseconds(1), outcome: .faulty)
        #expect(limit.snapshot.limit < before / 2)
    }

    @Test("a call that hangs says nothing about all the others")
    func outlier() throws {
        let limit = try limit(.init(maximum: 100))
        load(limit, calls: 3000, taking: .milliseconds(20))
        for _ in 0..<100 {
            load(limit, calls: 99, taking: .milliseconds(20))
            load(limit, calls: 1, taking: .seconds(1000))
        }
        #expect(limit.snapshot.limit == 100)
        let base = try #require(limit.snapshot.baseLatency)
        #expect(base < .milliseconds(24))
    }

    @Test("a service that gets faster while it is measured is not taken for a queue that has gone")
    func faster() throws {
        let limit = try limit(.init(maximum: 50))
        load(limit, calls: 3000, taking: .milliseconds(500))
        while !limit.snapshot.isMeasuring { call(limit, .milliseconds(500)) }
        load(limit, calls: 1, taking: .milliseconds(20))
        #expect(limit.snapshot.limit == 50)
        let base = try #require(limit.snapshot.baseLatency)
        #expect(abs(base / .milliseconds(20) - 1) < 0.01)
    }

    @Test("the latency at the minimum is the base")
    func minimum() throws {
        let limit = try limit(.init(minimum: 10, maximum: 20))
        load(limit, calls: 3000, taking: .milliseconds(20))
        while !limit.snapshot.isMeasuring { call(limit, .milliseconds(20)) }
        load(limit, calls: 1, taking: .milliseconds(20))
        #expect(limit.snapshot.limit == 20)
        while limit.snapshot.limit > 10 { call(limit, .milliseconds(110)) }
        #expect(!limit.snapshot.isMeasuring)
        while limit.snapshot.limit == 10 { call(limit, .milliseconds(60)) }
        let base = try #require(limit.snapshot.baseLatency)
        #expect(abs(base / .milliseconds(60) - 1) < 0.01)
    }

    @Test("new numbers count at once, and what was learned stays within them")
    func reconfigure() throws {
        let limit = try limit(.init(initial: 20))
        try limit.reconfigure(.init(maximum: 8))
        #expect(limit.snapshot.limit == 8)
        #expect(events.all == [.limitChanged(from: 20, to: 8)])
        try limit.reconfigure(.init(minimum: 12, maximum: 50))
        #expect(limit.snapshot.limit == 12)
        #expect(limit.configuration.maximum == 50)
    }

    @Test("numbers that make no sense are all listed, and the old ones stay")
    func validation() throws {
        let limit = try limit()
        let wrong = AdaptiveLimit.Configuration(
            minimum: 0, maximum: 200_000, initial: -1, tolerance: 1, slack: .seconds(2), samples: 1)
        let error = #expect(throws: InvalidConfiguration.self) { try limit.reconfigure(wrong) }
        #expect(error?.policy == "AdaptiveLimit")
        #expect(
            error?.problems.map { $0.prefix { $0 != " " } }
                == ["minimum", "maximum", "initial", "tolerance", "slack", "samples"])
        #expect(AdaptiveLimit.Configuration(minimum: 5, maximum: 4).problems.count == 2)
        #expect(limit.configuration == AdaptiveLimit.Configuration())
        #expect(throws: InvalidConfiguration.self) { try AdaptiveLimit(wrong) }
    }

    @Test("a permit that is dropped comes back, and one that is given back twice counts once")
    func permits() throws {
        let limit = try limit()
        let now = time.source.now()
        for _ in 0..<50 { _ = limit.tryAcquire(priority: highest, at: now) }
        #expect(limit.snapshot.inFlight == 0 && limit.snapshot.refused == [0, 0, 0, 0])
        let (first, second) = (
            limit.tryAcquire(priority: highest, at: now), limit.tryAcquire(priority: highest, at: now)
        )
        let permit = try #require(first)
        let other = try self.limit()
        for _ in 0..<20 { other.release(permit, outcome: .faulty, at: now) }
        for _ in 0..<20 { limit.release(permit, outcome: .faulty, at: now) }
        withExtendedLifetime(second) { #expect(limit.snapshot.inFlight == 1 && other.snapshot.inFlight == 0) }
    }

}
