import Foundation
import GRDB
import Resilience
import Storage
import TestSupport
import Testing

@testable import Queue

/// A queue over a file of its own and a wall clock that the test sets.
private struct Bench {
    let folder: TemporaryFolder
    let store: Store
    let clock: Clock
    let queue: DurableQueue
    let claims: LaneClaims
    var policy = QueueWorkers.Policy()

    final class Clock: Sendable {
        private let now = Locked<Int64>(1_000_000)
        var milliseconds: Int64 { now.withLock { $0 } }
        func advance(_ by: Duration) { now.withLock { $0 += by.milliseconds } }
    }

    init() throws {
        folder = try TemporaryFolder()
        store = try Store(folder: folder.path, name: "queue", migrations: [DurableQueue.migration])
        let clock = Clock()
        self.clock = clock
        queue = DurableQueue(store: store, wall: { clock.milliseconds })
        claims = LaneClaims(lane: "lane", policy: policy, wall: { clock.milliseconds })
    }

    func enqueue(_ key: String, kind: String = "kind", delay: Duration = .zero) async throws {
        try await store.write { [queue] in try queue.enqueue($0, lane: "lane", kind: kind, key: key, delay: delay) }
    }

    func claim(_ limit: Int = 10) async throws -> [Message] {
        try await store.write { [claims] in try claims.claim($0, limit: limit) }
    }

    func settle(_ message: Message, _ verdict: Verdict) async throws -> Bool {
        try await store.write { [claims] database in
            var chance = SystemRandomNumberGenerator()
            return try claims.settle(database, message, verdict, chance: &chance)
        }
    }
}

@Suite("Claims")
struct LaneClaimsTests {
    @Test("a message is claimed once while its lease lasts, and again when it has run out")
    func leases() async throws {
        let bench = try Bench()
        try await bench.enqueue("a")
        #expect(try await bench.claim().map(\.key) == ["a"])
        #expect(try await bench.claim().isEmpty)
        bench.clock.advance(bench.policy.lease)
        #expect(try await bench.claim().map(\.key) == ["a"])
        bench.store.close()
    }

    @Test("a settlement by a worker whose lease was taken over changes nothing")
    func fencing() async throws {
        let bench = try Bench()
        try await bench.enqueue("a")
        let stale = try #require(try await bench.claim().first)
        bench.clock.advance(bench.policy.lease)
        let fresh = try #require(try await bench.claim().first)
        #expect(try await !bench.settle(stale, .done()))
        #expect(try await !bench.settle(stale, .refused("no")))
        #expect(try await !bench.settle(stale, .unavailable("no")))
        #expect(try await bench.queue.report().total(.leased) == 1)
        #expect(try await bench.settle(fresh, .done()))
        #expect(try await bench.queue.report().counts.isEmpty)
        bench.store.close()
    }

    @Test("a message and its cause are committed together or not at all")
    func transaction() async throws {
        struct Undo: Error {}
        let bench = try Bench()
        try? await bench.store.write { [queue = bench.queue] database in
            try queue.enqueue(database, lane: "lane", kind: "kind", key: "a")
            throw Undo()
        }
        #expect(try await bench.claim().isEmpty)
        bench.store.close()
    }

    @Test("unavailability is retried for ever, each wait within the cap, and never leads to the dead letters")
    func unavailability() async throws {
        let bench = try Bench()
        try await bench.enqueue("a")
        for failures in 0..<50 {
            let message = try #require(try await bench.claim().first)
            #expect(message.failures == failures)
            #expect(try await bench.settle(message, .unavailable("down")))
            #expect(try await bench.queue.report().total(.delayed) == 1)
            bench.clock.advance(bench.policy.backoff.cap)
        }
        #expect(try await bench.queue.report().total(.dead) == 0)
        bench.store.close()
    }

    @Test("refusals count: the fifth buries the message, and redriving sends it again as new")
    func deadLetters() async throws {
        let bench = try Bench()
        try await bench.enqueue("a")
        for tries in 1...bench.policy.tries {
            let message = try #require(try await bench.claim().first)
            _ = try await bench.settle(message, .refused("409 voided"))
            #expect(try await bench.queue.report().total(.dead) == (tries == bench.policy.tries ? 1 : 0))
            bench.clock.advance(bench.policy.backoff.cap)
        }
        #expect(try await bench.claim().isEmpty)
        let letter = try #require(try await bench.queue.deadLetters(after: 0, limit: 10).first)
        #expect(letter.key == "a" && letter.reason == "409 voided" && letter.tries == 5)
        #expect(try await bench.queue.redrive() == 1)
        #expect(try await bench.claim().map(\.key) == ["a"])
        bench.store.close()
    }

    @Test("the longest due comes first, and a delayed message not before its time")
    func order() async throws {
        let bench = try Bench()
        try await bench.enqueue("late", delay: .seconds(10))
        try await bench.enqueue("first")
        bench.clock.advance(.seconds(1))
        try await bench.enqueue("second")
        #expect(try await bench.claim(1).map(\.key) == ["first"])
        #expect(try await bench.claim().map(\.key) == ["second"])
        bench.clock.advance(.seconds(9))
        #expect(try await bench.claim().map(\.key) == ["late"])
        bench.store.close()
    }

    @Test("a message of the same kind for the same key replaces the one that waits, also from under a worker")
    func replacing() async throws {
        let bench = try Bench()
        try await bench.enqueue("a")
        let old = try #require(try await bench.claim().first)
        try await bench.enqueue("a")
        try await bench.enqueue("a", kind: "other")
        #expect(try await !bench.settle(old, .done()))
        #expect(try await bench.claim().count == 2)
        bench.store.close()
    }

    @Test("a removed message can't be settled any more")
    func removal() async throws {
        let bench = try Bench()
        try await bench.enqueue("a")
        let message = try #require(try await bench.claim().first)
        try await bench.store.write { [queue = bench.queue] in try queue.remove($0, kind: "kind", key: "a") }
        #expect(try await !bench.settle(message, .done { _ in Issue.record("the commit of a removed message ran") }))
        bench.store.close()
    }
}
