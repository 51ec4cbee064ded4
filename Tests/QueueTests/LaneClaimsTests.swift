import Resilience
import Storage
import TestSupport
import Testing

@testable import Queue

@Suite("Claims", .timeLimit(.minutes(10)))
struct LaneClaimsTests {
    @Test("a message is claimed once while its lease lasts, and again when it has run out")
    func leases() async throws {
        let bench = try QueueBench()
        try await bench.enqueue("a")
        #expect(try await bench.claim().map(\.key) == ["a"])
        #expect(try await bench.claim().isEmpty)
        bench.time.advance(by: bench.policy.lease)
        #expect(try await bench.claim().map(\.key) == ["a"])
        bench.store.close()
    }

    @Test("a settlement by a worker whose lease was taken over changes nothing")
    func fencing() async throws {
        let bench = try QueueBench()
        try await bench.enqueue("a")
        let stale = try #require(try await bench.claim().first)
        bench.time.advance(by: bench.policy.lease)
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
        let bench = try QueueBench()
        try? await bench.store.write { [queue = bench.queue] database in
            try queue.enqueue(database, lane: "lane", kind: "kind", key: "a")
            throw Undo()
        }
        #expect(try await bench.claim().isEmpty)
        bench.store.close()
    }

    @Test("unavailability is retried for ever, each wait within the cap, and never leads to the dead letters")
    func unavailability() async throws {
        let bench = try QueueBench()
        try await bench.enqueue("a")
        for failures in 0..<50 {
            let message = try #require(try await bench.claim().first)
            #expect(message.failures == failures)
            #expect(try await bench.settle(message, .unavailable("down")))
            #expect(try await bench.queue.report().total(.delayed) == 1)
            bench.time.advance(by: bench.policy.backoff.cap)
        }
        #expect(try await bench.queue.report().total(.dead) == 0)
        bench.store.close()
    }

    @Test("refusals count: the fifth buries the message, and redriving sends it again as new")
    func deadLetters() async throws {
        let bench = try QueueBench()
        try await bench.enqueue("a")
        for tries in 1...bench.policy.tries {
            let message = try #require(try await bench.claim().first)
            _ = try await bench.settle(message, .refused("409 voided"))
            #expect(try await bench.queue.report().total(.dead) == (tries == bench.policy.tries ? 1 : 0))
            bench.time.advance(by: bench.policy.backoff.cap)
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
        let bench = try QueueBench()
        try await bench.enqueue("late", delay: .seconds(10))
        try await bench.enqueue("first")
        bench.time.advance(by: .seconds(1))
        try await bench.enqueue("second")
        #expect(try await bench.claim(1).map(\.key) == ["first"])
        #expect(try await bench.claim().map(\.key) == ["second"])
        bench.time.advance(by: .seconds(9))
        #expect(try await bench.claim().map(\.key) == ["late"])
        bench.store.close()
    }

    @Test("a message of the same kind for the same key replaces the one that waits, also from under a worker")
    func replacing() async throws {
        let bench = try QueueBench()
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
        let bench = try QueueBench()
        try await bench.enqueue("a")
        let message = try #require(try await bench.claim().first)
        try await bench.store.write { [queue = bench.queue] in try queue.remove($0, kind: "kind", key: "a") }
        #expect(
            try await !bench.settle(
                message, .done { _ in Issue.record("the commit of a removed message ran") }))
        bench.store.close()
    }
}
