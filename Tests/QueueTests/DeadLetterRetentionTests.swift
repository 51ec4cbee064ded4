import Storage
import TestSupport
import Testing

@testable import Queue

@Suite("Dead letters that are old", .timeLimit(.minutes(10)))
struct DeadLetterRetentionTests {
    @Test(
        "are deleted oldest first, up to the given number; younger and live messages stay")
    func deleted() async throws {
        let bench = try QueueBench()
        for key in ["waiting", "a", "b", "c"] {
            try await bench.enqueue(key)
            bench.time.advance(by: .seconds(1))
        }
        try await bench.store.write { database in
            try database.run(
                """
                UPDATE queue SET state = 'dead', due_at = NULL, tries = 5, reason = '409'
                WHERE key <> 'waiting'
                """
            )
        }
        func delete(until seconds: Int64, limit: Int) async throws -> [Int64?] {
            let (count, until) = try await bench.store.write { [queue = bench.queue] in
                try queue.deleteDead($0, until: 1_000_000 + seconds * 1000, limit: limit)
            }
            return [Int64(count), until.map { $0 - 1_000_000 }]
        }
        #expect(try await delete(until: 0, limit: 9) == [0, nil])
        #expect(try await delete(until: 9, limit: 1) == [1, 1000])
        #expect(try await delete(until: 2, limit: 9) == [1, 2000])
        #expect(try await bench.queue.deadLetters(after: 0, limit: 9).map(\.key) == ["c"])
        #expect(try await bench.queue.report().counts == ["kind": [.ready: 1, .dead: 1]])
        bench.store.close()
    }
}
