import Resilience
import Storage
import TestSupport
import Testing

@testable import Queue

@Suite("Time", .timeLimit(.minutes(10)))
struct QueueClockTests {
    @Test(
        "setting the wall clock by an hour while running ends no lease and changes no due time",
        arguments: [1, -1])
    func jumps(_ direction: Int64) async throws {
        let bench = try QueueBench()
        let wall = Wall(50_000_000)
        let queue = DurableQueue(store: bench.store, wall: { wall.milliseconds }, time: bench.time.source)
        let claims = bench.claims(owner: 1, of: queue)
        try await bench.store.write { database in
            try queue.enqueue(database, lane: "lane", kind: "kind", key: "leased")
            try queue.enqueue(database, lane: "lane", kind: "kind", key: "delayed", delay: .seconds(60))
        }
        #expect(try await bench.claim(by: claims).map(\.key) == ["leased"])
        wall.milliseconds += direction * 3_600_000
        #expect(try await bench.claim(by: claims).isEmpty)
        bench.time.advance(by: bench.policy.lease - .milliseconds(1))
        #expect(try await bench.claim(by: claims).isEmpty)
        bench.time.advance(by: .milliseconds(1))
        #expect(try await bench.claim(by: claims).map(\.key) == ["leased"])
        bench.time.advance(by: .seconds(30))
        #expect(try await bench.claim(by: claims).map(\.key).contains("delayed"))
        bench.store.close()
    }

    @Test(
        "a wall clock set back between two runs leaves no lease, and no wait longer than before"
    )
    func setBack() async throws {
        let bench = try QueueBench()
        try await bench.enqueue("leased")
        try await bench.enqueue("delayed", delay: .seconds(60))
        try await bench.enqueue("failed")
        for message in try await bench.claim() where message.key == "failed" {
            #expect(try await bench.settle(message, .unavailable("down")))
        }
        // A day earlier by the wall clock.
        let queue = DurableQueue(
            store: bench.store, wall: { 1_000_000 - 86_400_000 }, time: bench.time.source)
        let claims = bench.claims(owner: 2, of: queue)
        try await bench.store.write { try queue.takeOver($0) }
        #expect(try await bench.claim(by: claims).map(\.key) == ["leased"])
        bench.time.advance(by: bench.policy.backoff.cap)
        #expect(try await bench.claim(by: claims).map(\.key) == ["failed"])
        bench.time.advance(by: .seconds(60) - bench.policy.backoff.cap)
        #expect(try await bench.claim(by: claims).map(\.key).contains("delayed"))
        bench.store.close()
    }
}

private final class Wall: Sendable {
    private let value: Locked<Int64>

    init(_ milliseconds: Int64) { value = Locked(milliseconds) }

    var milliseconds: Int64 {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
