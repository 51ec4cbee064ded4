import TestSupport
import Testing

@testable import Resilience

@Suite("A bulkhead", .timeLimit(.minutes(10)))
struct BulkheadTests {
    let time = ManualTime()

    func bulkhead(_ configuration: Bulkhead.Configuration) throws -> Bulkhead {
        try Bulkhead(configuration, environment: PolicyEnvironment(name: "coupon", time: time.source))
    }

    /// Calls that report when they run, and go on until they are released.
    final class Held: Sendable {
        let order = Recorded<String>()
        private let gates = Locked<[String: AsyncStream<Void>.Continuation]>([:])

        func call(_ name: String, _ bulkhead: Bulkhead, _ context: CallContext = CallContext()) -> Task<
            Rejection?, Never
        > {
            let (gate, opening) = AsyncStream.makeStream(of: Void.self)
            gates.withLock { $0[name] = opening }
            return Task {
                do throws(CallFailure<Never>) {
                    try await bulkhead.run(context) { [order] _ in
                        order.add(name)
                        for await _ in gate { break }
                    }
                    return nil
                } catch {
                    guard case .rejected(let rejection) = error else { return nil }
                    return rejection
                }
            }
        }

        func letGo(_ name: String) { _ = gates.withLock { $0[name] }?.yield() }
    }

    /// Counts the calls that run, and the most that ever did.
    final class Crowd: Sendable {
        private let count = Locked((now: 0, most: 0))

        func enter() { count.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
        func leave() { count.withLock { $0.now -= 1 } }
        var most: Int { count.withLock { $0.most } }
    }

    /// Returns when so many calls are under way and so many wait.
    func until(_ bulkhead: Bulkhead, inUse: Int, waiting: Int) async throws {
        try await eventually { bulkhead.snapshot.inUse == inUse && bulkhead.snapshot.waiting == waiting }
    }

    @Test("lets no more calls run than it has permits, and refuses the rest at once without a queue")
    func full() async throws {
        let bulkhead = try bulkhead(.init(limit: 1))
        let held = Held()
        let first = held.call("first", bulkhead)
        try await until(bulkhead, inUse: 1, waiting: 0)
        await #expect(throws: CallFailure<Never>.rejected(.bulkheadFull)) { () async throws in
            try await bulkhead.run { _ in }
        }
        held.letGo("first")
        #expect(await first.value == nil)
        #expect(bulkhead.snapshot == .init(limit: 1, inUse: 0, waiting: 0, refused: 1))
    }

    @Test("waiting calls go in the order of priority, and within it as they came")
    func fair() async throws {
        let bulkhead = try bulkhead(.init(limit: 1, waiting: 4))
        let held = Held()
        var calls = [held.call("first", bulkhead)]
        try await until(bulkhead, inUse: 1, waiting: 0)
        for (index, (name, rank)) in [("a", 0), ("b", 0), ("c", 2), ("d", 2)].enumerated() {
            calls.append(held.call(name, bulkhead, CallContext(priority: Priority(rank: rank))))
            try await until(bulkhead, inUse: 1, waiting: index + 1)
        }
        for name in ["first", "c", "d", "a", "b"] {
            try await eventually { held.order.all.last == name }
            held.letGo(name)
        }
        for call in calls { #expect(await call.value == nil) }
        #expect(held.order.all == ["first", "c", "d", "a", "b"])
    }

    @Test("in a full queue a call of a higher priority replaces the last one")
    func givesWay() async throws {
        let bulkhead = try bulkhead(.init(limit: 1, waiting: 2))
        let held = Held()
        let first = held.call("first", bulkhead)
        try await until(bulkhead, inUse: 1, waiting: 0)
        let early = held.call("early", bulkhead)
        try await until(bulkhead, inUse: 1, waiting: 1)
        let late = held.call("late", bulkhead)
        try await until(bulkhead, inUse: 1, waiting: 2)
        let high = held.call("high", bulkhead, CallContext(priority: Priority(rank: 1)))
        #expect(await late.value == .bulkheadFull)
        #expect(await held.call("low", bulkhead).value == .bulkheadFull)
        for name in ["first", "high", "early"] { held.letGo(name) }
        #expect(await [first.value, high.value, early.value] == [nil, nil, nil])
    }

    @Test("the reserved permits are for calls of higher priority")
    func reserved() async throws {
        let bulkhead = try bulkhead(.init(limit: 3, reserved: 2, reservedFrom: Priority(rank: 2)))
        let permits = [1, 1, 2, 3, 3].map { bulkhead.acquire(Priority(rank: $0)) }
        #expect(permits.map { $0 != nil } == [true, false, true, true, false])
    }

    @Test(
        "a permit given back twice, or to another bulkhead, raises no limit; one that is dropped comes back")
    func permits() throws {
        let (bulkhead, other) = (try bulkhead(.init(limit: 2)), try self.bulkhead(.init(limit: 2)))
        let permit = try #require(bulkhead.acquire())
        for _ in 0..<20 { other.release(permit) }
        #expect(bulkhead.snapshot.inUse == 1 && other.snapshot.inUse == 0)
        for _ in 0..<20 { bulkhead.release(permit) }
        #expect(bulkhead.snapshot.inUse == 0)
        var held = (0..<5).compactMap { _ in bulkhead.acquire() }
        #expect(held.count == 2 && bulkhead.snapshot.inUse == 2)
        held.removeLast()
        #expect(bulkhead.snapshot.inUse == 1)
    }

    @Test("no call waits past the deadline, nor longer than the longest wait")
    func deadline() async throws {
        let bulkhead = try bulkhead(.init(limit: 1, waiting: 3, longestWait: .seconds(2)))
        let held = Held()
        let first = held.call("first", bulkhead)
        try await until(bulkhead, inUse: 1, waiting: 0)
        let hurried = held.call(
            "hurried", bulkhead, CallContext(deadline: .after(.seconds(1), from: time.source.now())))
        let lasting = held.call(
            "lasting", bulkhead, CallContext(deadline: .after(.seconds(9), from: time.source.now())))
        let over = held.call(
            "over", bulkhead, CallContext(deadline: .after(.seconds(-1), from: time.source.now())))
        #expect(await over.value == .deadlineExceeded)
        await time.sleepers(2)
        time.advance(by: .seconds(1))
        #expect(await hurried.value == .deadlineExceeded)
        time.advance(by: .seconds(1))
        #expect(await lasting.value == .bulkheadFull)
        held.letGo("first")
        #expect(await first.value == nil)
        #expect(held.order.all == ["first"])
    }

    @Test("a call that is too late displaces no other")
    func displacesNone() async throws {
        let bulkhead = try bulkhead(.init(limit: 1, waiting: 1))
        let held = Held()
        let first = held.call("first", bulkhead)
        try await until(bulkhead, inUse: 1, waiting: 0)
        let waiting = held.call("waiting", bulkhead)
        try await until(bulkhead, inUse: 1, waiting: 1)
        let over = Deadline.after(.seconds(-1), from: time.source.now())
        let late = held.call("late", bulkhead, CallContext(deadline: over, priority: Priority(rank: 1)))
        #expect(await late.value == .deadlineExceeded)
        for name in ["first", "waiting"] { held.letGo(name) }
        #expect(await [first.value, waiting.value] == [nil, nil])
    }

    @Test("a call known to be too late is refused though a permit is free")
    func knownToBeLate() async throws {
        let bulkhead = try bulkhead(.init(limit: 1))
        var context = CallContext(deadline: .after(.seconds(1), from: time.source.now()))
        time.advance(by: .seconds(2))
        _ = context.now(time.source)
        let late = context
        await #expect(throws: CallFailure<Never>.rejected(.deadlineExceeded)) { () async throws in
            try await bulkhead.run(late) { _ in Issue.record("a call that is too late was made") }
        }
        #expect(bulkhead.snapshot.inUse == 0)
    }

    @Test("a permit that comes after the deadline, since the timer was late, is passed on")
    func lateTimer() async throws {
        // A clock that moves, with timers that don't fire.
        let silent = TimeSource(
            now: time.source.now, sleep: { _ in try await Task.sleep(for: .seconds(86_400)) })
        let bulkhead = try Bulkhead(.init(limit: 1, waiting: 2), environment: PolicyEnvironment(time: silent))
        let held = Held()
        let first = held.call("first", bulkhead)
        try await until(bulkhead, inUse: 1, waiting: 0)
        let hurried = held.call(
            "hurried", bulkhead, CallContext(deadline: .after(.seconds(1), from: time.source.now())))
        try await until(bulkhead, inUse: 1, waiting: 1)
        let lasting = held.call("lasting", bulkhead)
        try await until(bulkhead, inUse: 1, waiting: 2)
        time.advance(by: .seconds(2))
        for name in ["first", "lasting"] { held.letGo(name) }
        #expect(await [first.value, hurried.value, lasting.value] == [nil, .deadlineExceeded, nil])
    }

    @Test("a call cancelled while it waits leaves at once, and makes room in the queue")
    func cancelled() async throws {
        let bulkhead = try bulkhead(.init(limit: 1, waiting: 1))
        let held = Held()
        let first = held.call("first", bulkhead)
        try await until(bulkhead, inUse: 1, waiting: 0)
        let waiting = held.call("waiting", bulkhead)
        try await until(bulkhead, inUse: 1, waiting: 1)
        waiting.cancel()
        #expect(await waiting.value == .cancelled)
        #expect(bulkhead.snapshot.waiting == 0)
        held.letGo("first")
        #expect(await first.value == nil)
    }

    @Test("a higher limit starts waiting calls at once; a lower one lets those under way finish")
    func reconfigured() async throws {
        let bulkhead = try bulkhead(.init(limit: 1, waiting: 2))
        let held = Held()
        let calls = ["a", "b", "c"].map { held.call($0, bulkhead) }
        try await until(bulkhead, inUse: 1, waiting: 2)
        try bulkhead.reconfigure(.init(limit: 2, waiting: 0))
        try await until(bulkhead, inUse: 2, waiting: 0)
        #expect(throws: InvalidConfiguration.self) {
            try bulkhead.reconfigure(.init(limit: 0, waiting: -1, reserved: 3))
        }
        try bulkhead.reconfigure(.init(limit: 1))
        #expect(bulkhead.snapshot.inUse == 2 && bulkhead.acquire() == nil)
        for name in ["a", "b", "c"] { held.letGo(name) }
        var refused = 0
        for call in calls where await call.value == .bulkheadFull { refused += 1 }
        #expect(refused == 1 && bulkhead.snapshot.inUse == 0)
    }

    @Test(
        "thousands of calls, cancelled at any time or not: never more than the limit, and none left behind"
    )
    func stress() async throws {
        let bulkhead = try bulkhead(.init(limit: 4, waiting: 50, reserved: 1))
        let under = Crowd()
        let seed = SeededRandomSource("bulkhead under random cancellation").seed
        await withTaskGroup(of: Void.self) { group in
            let random = RandomSource.seeded(seed)
            for _ in 0..<5000 {
                let pauses = Int(random.next() % 5)
                let isCancelled = random.next() % 3 == 0
                let context = CallContext(priority: Priority(rank: Int(random.next() % 3)))
                group.addTask {
                    let call = Task {
                        try? await bulkhead.run(context) { _ in
                            under.enter()
                            for _ in 0..<pauses { await Task.yield() }
                            under.leave()
                        }
                    }
                    if isCancelled {
                        for _ in 0..<pauses { await Task.yield() }
                        call.cancel()
                    }
                    _ = await call.value
                }
            }
        }
        #expect(under.most <= 4)
        #expect(bulkhead.snapshot.inUse == 0 && bulkhead.snapshot.waiting == 0)
    }
}
