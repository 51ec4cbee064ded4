import Resilience
import Storage
import TestSupport
import Testing

@testable import Queue

@Suite("Depth", .timeLimit(.minutes(10)))
struct QueueDepthTests {
    @Test(
        "new work is refused at the capacity, and accepted below it; dead letters don't count"
    )
    func capacity() async throws {
        let bench = try QueueBench(capacity: 3)
        #expect(await bench.queue.hasRoom())
        try await bench.enqueue("a")
        try await bench.enqueue("a", kind: "1", ordered: true)
        try await bench.enqueue("a", kind: "2", ordered: true)
        // Counted at most a second ago.
        #expect(await bench.queue.hasRoom())
        bench.time.advance(by: .seconds(1))
        #expect(await !bench.queue.hasRoom())
        // Work that has begun isn't refused.
        try await bench.enqueue("b")
        let claimed = try await bench.claim()
        #expect(try await bench.settle(claimed[0], .done()))
        bench.time.advance(by: .seconds(1))
        #expect(await !bench.queue.hasRoom())
        try await bench.store.write { database in
            try database.run(
                """
                UPDATE queue SET state = 'dead', owner = NULL, due_at = NULL, tries = 5, reason = '409'
                WHERE key = 'b'
                """
            )
        }
        bench.time.advance(by: .seconds(1))
        #expect(await bench.queue.hasRoom())
        bench.store.close()
    }
}
