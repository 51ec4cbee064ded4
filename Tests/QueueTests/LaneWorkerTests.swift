import GRDB
import Resilience
import Storage
import TestSupport
import Testing

@testable import Queue

@Suite("A lane's worker", .timeLimit(.minutes(10)))
struct LaneWorkerTests {
    @Test("a lane whose destination is dead doesn't hold up another lane")
    func isolation() async throws {
        let folder = try TemporaryFolder()
        let (store, queue) = try makeQueue(folder)
        let (delivered, arrived) = AsyncStream.makeStream(of: String.self)
        let lanes = [
            QueueWorkers.Lane("dead", handlers: ["kind": { _ in .unavailable("down") }]),
            QueueWorkers.Lane(
                "alive",
                handlers: [
                    "kind": { message in
                        arrived.yield(message.key)
                        return .done()
                    }
                ]),
        ]
        try await enqueue(store, queue, lane: "dead", (0..<100).map { "dead-\($0)" })
        try await withWorkers(queue, lanes: lanes) {
            try await enqueue(store, queue, lane: "alive", ["alive"])
            #expect(await delivered.first { _ in true } == "alive")
        }
        #expect(
            try await queue.report().counts["kind"].map { ($0[.ready] ?? 0) + ($0[.delayed] ?? 0) } == 100)
        store.close()
    }

    @Test(
        "a destination taken for dead is tried one message at a time; once it answers, all follow"
    )
    func probing() async throws {
        let bench = try QueueBench()
        let isDown = Locked(true)
        let calls = Watched([Duration]())
        let delivered = Watched(Set<String>())
        let lane = QueueWorkers.Lane(
            "lane", concurrency: 10,
            handlers: [
                "kind": { [time = bench.time] message in
                    calls.update { $0.append(time.elapsed) }
                    if isDown.withLock({ $0 }) { return .unavailable("down") }
                    delivered.update { $0.insert(message.key) }
                    return .done()
                }
            ])
        for key in 0..<40 { try await bench.enqueue("key-\(key)") }
        try await withWorkers(bench.queue, lanes: [lane]) {
            await calls.until { $0.count >= 10 }
            let pump = Task { [time = bench.time] in
                while !Task.isCancelled {
                    await time.sleepers(1)
                    time.advance(by: .milliseconds(50))
                }
            }
            await calls.until { $0.count >= 16 }
            let probes = calls.value[9..<16]
            // A pause is between 100 ms and the backoff's growing bound, which is at 5 s from the sixth on.
            for (earlier, later) in zip(probes, probes.dropFirst()) {
                #expect(later - earlier >= .milliseconds(100))
            }
            isDown.withLock { $0 = false }
            await delivered.until { $0.count == 40 }
            pump.cancel()
        }
        #expect(try await bench.queue.report().counts.isEmpty)
        bench.store.close()
    }

    @Test("a slow delivery keeps its slot and holds up no other")
    func slowDelivery() async throws {
        let folder = try TemporaryFolder()
        let (store, queue) = try makeQueue(folder)
        let gate = Watched(false)
        let delivered = Watched(Set<String>())
        let most = Watched((now: 0, most: 0))
        let handler: QueueWorkers.Handler = { message in
            most.update { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            if message.key == "slow" { await gate.until(evenIfCancelled: true) { $0 } }
            most.update { $0.now -= 1 }
            delivered.update { $0.insert(message.key) }
            return .done()
        }
        try await withWorkers(
            queue, lanes: [QueueWorkers.Lane("lane", concurrency: 4, handlers: ["kind": handler])]
        ) {
            try await enqueue(store, queue, ["slow"] + (0..<40).map { "key-\($0)" })
            await delivered.until { $0.count == 40 }
            #expect(!delivered.value.contains("slow"))
            gate.update { $0 = true }
            await delivered.until { $0.count == 41 }
        }
        #expect(most.value.most <= 4)
        #expect(try await queue.report().counts.isEmpty)
        store.close()
    }

    @Test("a round that can't be written is written later: the message was delivered once")
    func failingDisk() async throws {
        let bench = try QueueBench()
        try await bench.store.write {
            try $0.execute(
                sql: """
                    CREATE TRIGGER broken BEFORE DELETE ON queue
                    BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END
                    """
            )
        }
        let calls = Watched(0)
        let handler: QueueWorkers.Handler = { _ in
            calls.update { $0 += 1 }
            return .done()
        }
        try await withWorkers(bench.queue, lanes: [QueueWorkers.Lane("lane", handlers: ["kind": handler])]) {
            try await bench.enqueue("a")
            await calls.until { $0 == 1 }
            for _ in 0..<100 {
                await bench.time.sleepers(1)
                bench.time.advance(by: .milliseconds(100))
            }
            try await bench.store.write { try $0.execute(sql: "DROP TRIGGER broken") }
            try await eventually {
                bench.time.advance(by: .milliseconds(100))
                return try await bench.count("SELECT count(*) FROM queue") == 0
            }
        }
        #expect(calls.value == 1)
        bench.store.close()
    }

    @Test("a lane with nothing but delayed messages sleeps until the first is due, also after it was woken")
    func idle() async throws {
        let sleeps = Recorded<Duration>()
        let bench = try QueueBench(sleeping: { sleeps.add($0) })
        let (delivered, arrived) = AsyncStream.makeStream(of: String.self)
        let lane = QueueWorkers.Lane(
            "lane",
            handlers: [
                "kind": { message in
                    arrived.yield(message.key)
                    return .done()
                }
            ])
        try await bench.enqueue("second", delay: .seconds(3600))
        try await withWorkers(bench.queue, lanes: [lane]) {
            await bench.time.sleepers(1)
            try await bench.enqueue("first", delay: .seconds(1800))
            for _ in 0..<100 {
                await bench.time.sleepers(1)
                bench.time.advance(by: .seconds(17))
            }
            #expect(sleeps.all.count <= 5)
            bench.time.advance(by: .seconds(100))
            var keys = delivered.makeAsyncIterator()
            #expect(await keys.next() == "first")
            await bench.time.sleepers(1)
            bench.time.advance(by: .seconds(1800))
            #expect(await keys.next() == "second")
        }
        bench.store.close()
    }
}
