import GRDB
import Logging
import MetricsTestKit
import Resilience
import Storage
import TestSupport
import Testing

@testable import Queue

/// Two processes over one store: two owners, each with a clock of its own.
@Suite("Frozen worker", .timeLimit(.minutes(10)))
struct FrozenWorkerTests {
    fileprivate struct Process {
        let queue: DurableQueue
        let metrics = TestMetrics()
        let reached = Watched(0)
        let gate = Watched(false)

        init(_ store: Store, _ time: ManualTime) {
            queue = DurableQueue(store: store, wall: { 1_000_000 }, time: time.source)
        }

        /// Workers whose handler waits at the gate; the commit writes an effect.
        func workers() -> QueueWorkers {
            let handler: QueueWorkers.Handler = { [reached, gate] message in
                reached.update { $0 += 1 }
                await gate.until(evenIfCancelled: true) { $0 }
                return .done { try $0.run("INSERT INTO effects (key) VALUES (?)", [message.key]) }
            }
            return QueueWorkers(
                queue: queue, lanes: [QueueWorkers.Lane("lane", handlers: ["kind": handler])],
                logger: .silent,
                metrics: metrics)
        }

        func stale() throws -> Int64 {
            try metrics.expectCounter("csp_queue_stale_total").values.reduce(0, +)
        }
    }

    @Test(
        "a worker frozen past its lease settles nothing that another has taken: one effect, one stale result"
    )
    func frozen() async throws {
        let bench = try QueueBench()
        let frozenTime = ManualTime()
        let frozen = Process(bench.store, frozenTime)
        let other = bench.claims(owner: 99)
        try await withWorkers(frozen.workers()) {
            try await frozen.enqueue("a")
            await frozen.reached.until { $0 == 1 }
            // The frozen process's time stops; the other's goes on past the lease.
            bench.time.advance(by: bench.policy.lease)
            let message = try #require(try await bench.claim(by: other).first)
            #expect(message.key == "a" && message.attempt == 2)
            // It goes on, and settles what it has lost.
            frozen.gate.update { $0 = true }
            frozenTime.advance(by: .seconds(1))
            try await eventually { try frozen.stale() == 1 }
            #expect(try await bench.count("SELECT count(*) FROM effects") == 0)
            #expect(try await bench.count("SELECT count(*) FROM queue WHERE state = 'leased'") == 1)
            let effect = DeliveryResult.done { try $0.run("INSERT INTO effects (key) VALUES ('a')") }
            #expect(try await bench.settle(message, effect, by: other))
        }
        #expect(try frozen.stale() == 1)
        #expect(try await bench.count("SELECT count(*) FROM queue") == 0)
        #expect(try await bench.count("SELECT count(*) FROM effects") == 1)
        bench.store.close()
    }

    @Test(
        "one that was frozen while no other looked keeps its message: delivered once, and nothing is stale"
    )
    func frozenAlone() async throws {
        let bench = try QueueBench()
        let process = Process(bench.store, bench.time)
        try await withWorkers(process.workers()) {
            try await process.enqueue("a")
            await process.reached.until { $0 == 1 }
            // Awake after twice the lease, with another message due.
            bench.time.advance(by: bench.policy.lease * 2)
            try await process.enqueue("b")
            await process.reached.until { $0 == 2 }
            #expect(try await bench.count("SELECT max(attempt) FROM queue") == 1)
            process.gate.update { $0 = true }
            bench.time.advance(by: .seconds(1))
        }
        #expect(try await bench.count("SELECT count(*) FROM effects") == 2)
        #expect(try process.stale() == 0)
        bench.store.close()
    }

    @Test(
        "while a worker delivers, it extends its lease every third of it, and no other gets the message"
    )
    func heartbeat() async throws {
        let bench = try QueueBench()
        let process = Process(bench.store, bench.time)
        let other = bench.claims(owner: 99)
        try await withWorkers(process.workers()) {
            try await process.enqueue("a")
            await process.reached.until { $0 == 1 }
            for _ in 0..<10 {
                let before = try await bench.count("SELECT due_at FROM queue")
                await bench.time.sleepers(1)
                bench.time.advance(by: bench.policy.lease / 3)
                try await eventually { try await bench.count("SELECT due_at FROM queue") != before }
                #expect(try await bench.claim(by: other).isEmpty)
            }
            process.gate.update { $0 = true }
            bench.time.advance(by: .seconds(1))
        }
        #expect(try await bench.count("SELECT count(*) FROM effects") == 1)
        bench.store.close()
    }
}

extension FrozenWorkerTests.Process {
    fileprivate func enqueue(_ key: String) async throws {
        try await queue.store.write { [queue] in try queue.enqueue($0, lane: "lane", kind: "kind", key: key) }
    }
}
