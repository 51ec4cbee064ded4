import Resilience
import TestSupport
import Testing

extension Shedder {
    /// Takes so many of its permits.
    func hold(_ count: Int) -> [Permit] {
        final class Silent: Waiter {
            func admitted(_ permit: Permit) {}
            func refused(_ refusal: Refusal) {}
        }
        return (0..<count).compactMap { _ in
            if case .admitted(let permit) = ask(Request(Priority(rank: 3)), Silent()) { permit } else { nil }
        }
    }
}

@Suite("A shedder around calls", .timeLimit(.minutes(10)))
struct ShedderPolicyTests {
    private struct Broken: Error, Equatable {}

    private let time = ManualTime()
    private let events = Recorded<PolicyEvent.Kind>()
    private let highest = CallContext(priority: Priority(rank: 3))

    private func shedder(_ configuration: Shedder.Configuration) throws -> Shedder {
        try Shedder(
            configuration,
            environment: PolicyEnvironment(
                name: "order", time: time.source, report: { [events] in events.add($0.kind) }))
    }

    /// A fixed limit and no queue.
    private func full(_ limit: Int) -> Shedder.Configuration {
        Shedder.Configuration(minimum: limit, maximum: limit, queueLength: 0)
    }

    /// One at a time, and the others wait.
    private let oneAndALine = Shedder.Configuration(minimum: 1, maximum: 1)

    /// A call that waits for its turn at a shedder with one place, and what becomes of it.
    private func waiting(_ shedder: Shedder, _ context: CallContext, _ name: String = "made")
        async throws -> Task<Rejection?, Never>
    {
        let before = shedder.snapshot.waiting
        let task = Task { [made] () -> Rejection? in
            do throws(CallFailure<Never>) {
                try await shedder.run(context) { _ in made.add(name) }
                return nil
            } catch {
                guard case .rejected(let rejection) = error else { return nil }
                return rejection
            }
        }
        try await eventually { shedder.snapshot.waiting == before + 1 }
        return task
    }

    private let made = Recorded<String>()

    @Test("lets calls in up to the limit and refuses the next, unmade, and says so")
    func refusal() async throws {
        let shedder = try shedder(full(1))
        let answer = try await shedder.run(highest) { (_) async throws(Broken) in
            let refusal = await #expect(throws: CallFailure<Broken>.self) {
                try await shedder.run(highest) { (_) async throws(Broken) -> Int in
                    Issue.record("made")
                    throw Broken()
                }
            }
            #expect(refusal == .rejected(.limitReached))
            #expect(shedder.snapshot.inFlight == 1)
            return 7
        }
        #expect(answer == 7)
        #expect(shedder.snapshot.inFlight == 0)
        #expect(shedder.snapshot.refused == [0, 0, 0, 1])
        #expect(events.all == [.rejected(.limitReached)])
    }

    @Test(
        "each rank may begin a call while less than its share is in work",
        arguments: [(20, [10, 15, 18, 20]), (10, [5, 7, 9, 10]), (3, [1, 2, 2, 3]), (1, [1, 1, 1, 1])])
    func ranks(size: Int, shares: [Int]) async throws {
        for (rank, share) in zip([-7, 1, 2, 9], shares) {
            for held in 0...size {
                let shedder = try shedder(full(size))
                let permits = shedder.hold(held)
                let isMade =
                    (try? await shedder.run(CallContext(priority: Priority(rank: rank))) { _ in }) != nil
                #expect(isMade == (held < share))
                withExtendedLifetime(permits) {}
            }
        }
    }

    @Test("the permit comes back when the call succeeds, fails or is cancelled")
    func givingBack() async throws {
        let shedder = try shedder(full(1))
        _ = try await shedder.run { (_) async throws(Broken) in 1 }
        #expect(shedder.snapshot.inFlight == 0)
        await #expect(throws: CallFailure<Broken>.failed(Broken(), .transient)) {
            try await shedder.run { (_) async throws(Broken) in throw Broken() }
        }
        #expect(shedder.snapshot.inFlight == 0)
        let task = Task { [time] in
            try await shedder.run { (_) async throws in try await time.source.sleep(.seconds(1)) }
        }
        await time.sleepers(1)
        #expect(shedder.snapshot.inFlight == 1)
        task.cancel()
        await #expect(throws: CallFailure<any Error>.self) { try await task.value }
        #expect(shedder.snapshot.inFlight == 0)
    }

    @Test("calls that wait are made when one ends, the higher rank first")
    func turns() async throws {
        let shedder = try shedder(oneAndALine)
        let held = shedder.hold(1)
        let low = try await waiting(shedder, CallContext(), "low")
        let high = try await waiting(shedder, highest, "high")
        held.first?.end(countsAsSample: true)
        #expect(await high.value == nil)
        #expect(await low.value == nil)
        #expect(made.all == ["high", "low"])
        #expect(shedder.snapshot.inFlight == 0 && shedder.snapshot.admitted == [1, 0, 0, 2])
    }

    @Test("a call that is cancelled while it waits leaves at once and is never made")
    func cancelled() async throws {
        let shedder = try shedder(oneAndALine)
        let held = shedder.hold(1)
        let call = try await waiting(shedder, highest)
        call.cancel()
        #expect(await call.value == .cancelled)
        #expect(shedder.snapshot.waiting == 0 && events.all == [.rejected(.cancelled)])
        held.first?.end(countsAsSample: true)
        #expect(made.all.isEmpty && shedder.snapshot.inFlight == 0)
    }

    @Test("a call whose deadline passes, before or while it waits, is refused and never made")
    func late() async throws {
        let shedder = try shedder(oneAndALine)
        let held = shedder.hold(1)
        var context = highest
        context.deadline = .after(.milliseconds(50), from: time.source.now())
        let call = try await waiting(shedder, context)
        await time.sleepers(1)
        time.advance(by: .milliseconds(60))
        #expect(await call.value == .deadlineExceeded)
        withExtendedLifetime(held) {}
        await #expect(throws: CallFailure<Never>.rejected(.deadlineExceeded)) {
            try await shedder.run(context) { _ in }
        }
        #expect(made.all.isEmpty)
        #expect(events.all == [.rejected(.deadlineExceeded), .rejected(.deadlineExceeded)])
    }

    /// What becomes of a limit of 10 in full use by calls that take so long and end so.
    private func limit(after latency: Duration, _ disposition: Disposition?) async throws -> Int {
        let shedder = try shedder(.init(minimum: 1, initial: 10, queueLength: 0))
        let held = shedder.hold(9)
        for _ in 0..<60 {
            _ = try? await shedder.run(highest, classify: { _ in disposition ?? .transient }) {
                [time] (_) throws(Broken) in
                time.advance(by: latency)
                if disposition != nil { throw Broken() }
            }
        }
        withExtendedLifetime(held) {}
        return shedder.snapshot.limit
    }

    @Test("the limit follows how long calls take that succeed or are refused by the rules")
    func samples() async throws {
        for disposition in [nil, Disposition.refusal] {
            #expect(try await limit(after: .milliseconds(1), disposition) > 10)
            #expect(try await limit(after: .milliseconds(200), disposition) < 10)
        }
    }

    @Test("a failure that comes fast raises no limit, one that takes long lowers it")
    func failures() async throws {
        #expect(try await limit(after: .milliseconds(1), .transient) == 10)
        #expect(try await limit(after: .milliseconds(200), .transient) < 10)
    }

    @Test("a call that says nothing of the dependency moves no limit, however long it took")
    func ignored() async throws {
        #expect(try await limit(after: .milliseconds(1), .ignored) == 10)
        #expect(try await limit(after: .milliseconds(200), .ignored) == 10)
    }

    @Test("new numbers count at once, and what was found stays within them")
    func reconfigure() async throws {
        let shedder = try shedder(.init(minimum: 1, maximum: 1, initial: 1))
        let held = shedder.hold(1)
        let call = try await waiting(shedder, highest)
        try shedder.reconfigure(.init(minimum: 12, maximum: 50))
        #expect(await call.value == nil)
        #expect(shedder.snapshot.limit == 12 && shedder.configuration.maximum == 50)
        try shedder.reconfigure(.init(minimum: 1, maximum: 8))
        #expect(shedder.snapshot.limit == 8)
        withExtendedLifetime(held) {}
    }

    @Test("numbers that make no sense are refused, and the old ones stay")
    func validation() throws {
        let shedder = try shedder(.init())
        let error = #expect(throws: InvalidConfiguration.self) { try shedder.reconfigure(.init(minimum: 0)) }
        #expect(error?.policy == "Shedder")
        #expect(shedder.configuration == Shedder.Configuration())
        #expect(throws: InvalidConfiguration.self) { try Shedder(.init(share: 2)) }
    }
}
