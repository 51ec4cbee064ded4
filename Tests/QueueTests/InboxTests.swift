import Resilience
import Storage
import TestSupport
import Testing

@testable import Queue

@Suite("Inbox", .timeLimit(.minutes(10)))
struct InboxTests {
    private func absorb(_ bench: QueueBench, _ id: String) async throws -> Bool {
        try await bench.store.write { [clock = bench.queue.clock] in
            try Inbox.absorb($0, id: id, at: clock.now)
        }
    }

    @Test("an id is new once, until the retention has passed since it first came")
    func retention() async throws {
        let bench = try QueueBench()
        #expect(try await absorb(bench, "a"))
        #expect(try await !absorb(bench, "a"))
        bench.time.advance(by: Inbox.retention - .milliseconds(1))
        #expect(try await !absorb(bench, "a"))
        bench.time.advance(by: .milliseconds(1))
        #expect(try await absorb(bench, "a"))
        #expect(try await !absorb(bench, "a"))
        bench.store.close()
    }

    @Test("an id is remembered only if its effect was committed")
    func transaction() async throws {
        struct Undo: Error {}
        let bench = try QueueBench()
        await #expect(throws: Undo.self) {
            try await bench.store.write { database in
                _ = try Inbox.absorb(database, id: "a", at: 0)
                throw Undo()
            }
        }
        #expect(try await absorb(bench, "a"))
        bench.store.close()
    }

    @Test(
        "forgotten ids are removed as new ones come, so that the table stays as large as the retention's"
    )
    func pruning() async throws {
        let bench = try QueueBench()
        for id in 0..<40 { #expect(try await absorb(bench, "old-\(id)")) }
        bench.time.advance(by: Inbox.retention)
        for id in 0..<10 { #expect(try await absorb(bench, "new-\(id)")) }
        #expect(try await bench.count("SELECT count(*) FROM seen") == 10)
        bench.store.close()
    }

    @Test("a message with an id is added once, also after it was delivered and while it is dead")
    func once() async throws {
        let bench = try QueueBench()
        try await bench.enqueue("a", once: "a:kind")
        let message = try #require(try await bench.claim().first)
        try await bench.enqueue("a", once: "a:kind")
        #expect(try await bench.settle(message, .done()))
        try await bench.enqueue("a", once: "a:kind")
        #expect(try await bench.claim().isEmpty)
        bench.time.advance(by: Inbox.retention)
        try await bench.enqueue("a", once: "a:kind")
        #expect(try await bench.claim().map(\.key) == ["a"])
        bench.store.close()
    }
}
