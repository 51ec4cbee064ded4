import GRDB
import Resilience
import Storage
import TestSupport
import Testing

@testable import Queue

@Suite("Counts", .timeLimit(.minutes(10)))
struct QueueCountsTests {
    @Test("what is undone isn't counted")
    func undone() async throws {
        struct Undone: Error {}
        let bench = try QueueBench()
        try await bench.enqueue("a", "b")
        await #expect(throws: Undone.self) {
            try await bench.store.write { [queue = bench.queue] database in
                try queue.remove(database, kind: "kind", key: "a")
                try queue.enqueue(database, lane: "lane", kind: "other", key: "c")
                throw Undone()
            }
        }
        #expect(try await bench.queue.report().counts == ["kind": [.ready: 2]])
        bench.store.close()
    }

    @Test("a store from before there were counts has the right ones")
    func migrated() async throws {
        let folder = try TemporaryFolder()
        let old = try Store(folder: folder.path, name: "queue", migrations: [DurableQueue.migration])
        try await old.write { database in
            try database.execute(
                sql: """
                    INSERT INTO queue (lane, kind, key, payload, priority, ordered, state, due_at, wait_ms,
                        owner, attempt, tries, reason, created_at)
                    VALUES ('l', 'a', '1', x'', 0, 1, 'waiting', 5, 0, NULL, 0, 0, NULL, 1),
                        ('l', 'b', '1', x'', 0, 1, 'blocked', NULL, 0, NULL, 0, 0, NULL, 2),
                        ('l', 'a', '2', x'', 0, 0, 'leased', 9, 0, 7, 1, 0, NULL, 3),
                        ('l', 'a', '3', x'', 0, 0, 'dead', NULL, 0, NULL, 5, 5, '409', 4)
                    """)
        }
        old.close()
        let store = try Store(
            folder: folder.path, name: "queue",
            migrations: [DurableQueue.migration, DurableQueue.counts, DurableQueue.traces])
        let queue = DurableQueue(store: store, wall: { 6 }, time: ManualTime().source)
        let report = try await queue.report()
        #expect(report.counts == ["a": [.ready: 1, .leased: 1, .dead: 1], "b": [.delayed: 1]])
        #expect(report.oldestAge == .milliseconds(5))
        store.close()
    }
}
