import GRDB
import Resilience
import Storage
import TestSupport
import Testing

@testable import Queue

@Suite("Workers", .timeLimit(.minutes(10)))
struct QueueWorkersTests {
    @Test("every message is delivered, and its effect is committed with its removal")
    func delivery() async throws {
        let folder = try TemporaryFolder()
        let (store, queue) = try makeQueue(folder)
        let keys = (0..<300).map { "key-\($0)" }
        let (delivered, arrived) = AsyncStream.makeStream(of: String.self)
        let lane = QueueWorkers.Lane(
            "lane",
            handlers: [
                "kind": { message in
                    .done { database in
                        try database.run("INSERT INTO effects (key) VALUES (?)", [message.key])
                        arrived.yield(message.key)
                    }
                }
            ])
        try await withWorkers(queue, lanes: [lane]) {
            try await enqueue(store, queue, keys)
            var seen: Set<String> = []
            for await key in delivered {
                seen.insert(key)
                if seen.count == keys.count { break }
            }
        }
        let effects = try await store.read {
            try String.fetchAll($0, sql: "SELECT key FROM effects ORDER BY key")
        }
        #expect(effects == keys.sorted())
        #expect(try await queue.report().counts.isEmpty)
        store.close()
    }

    @Test("a failed commit affects its own message only")
    func failingCommit() async throws {
        let folder = try TemporaryFolder()
        let (store, queue) = try makeQueue(folder)
        let (delivered, arrived) = AsyncStream.makeStream(of: String.self)
        let lane = QueueWorkers.Lane(
            "lane",
            handlers: [
                "kind": { message in
                    .done { database in
                        if message.key == "bad" {
                            try database.execute(sql: "INSERT INTO nowhere VALUES (1)")
                        }
                        try database.run("INSERT INTO effects (key) VALUES (?)", [message.key])
                        arrived.yield(message.key)
                    }
                }
            ])
        try await enqueue(store, queue, ["bad", "good-1", "good-2"])
        try await withWorkers(queue, lanes: [lane]) {
            var seen: Set<String> = []
            for await key in delivered {
                seen.insert(key)
                if seen == ["good-1", "good-2"] { break }
            }
        }
        let effects = try await store.read {
            try String.fetchAll($0, sql: "SELECT key FROM effects ORDER BY key")
        }
        #expect(effects == ["good-1", "good-2"])
        #expect(try await queue.report().counts["kind"]?.values.reduce(0, +) == 1)
        store.close()
    }

    @Test("the messages of a process that was killed are delivered by the next one at once")
    func restart() async throws {
        let folder = try TemporaryFolder()
        let (store, queue) = try makeQueue(folder)
        try await enqueue(store, queue, ["orphan"])
        // Claimed by a process that is gone: the lease has most of its 30 seconds left.
        let claims = LaneClaims(lane: "lane", policy: QueueWorkers.Policy(), clock: queue.clock, owner: 7)
        #expect(try await store.write { try claims.claim($0, limit: 1) }.count == 1)
        let (delivered, arrived) = AsyncStream.makeStream(of: String.self)
        let lane = QueueWorkers.Lane(
            "lane",
            handlers: [
                "kind": { message in
                    arrived.yield(message.key)
                    return .done()
                }
            ])
        try await withWorkers(queue, lanes: [lane]) {
            #expect(await delivered.first { _ in true } == "orphan")
        }
        store.close()
    }

    @Test("a shutdown finishes and settles what is in delivery, and claims nothing more")
    func shutdown() async throws {
        let folder = try TemporaryFolder()
        let (store, queue) = try makeQueue(folder)
        let (gate, reached) = (Watched(false), Watched(0))
        let handler: QueueWorkers.Handler = { message in
            reached.update { $0 += 1 }
            await gate.until(evenIfCancelled: true) { $0 }
            return .done { try $0.run("INSERT INTO effects (key) VALUES (?)", [message.key]) }
        }
        let workers = QueueWorkers(
            queue: queue, lanes: [QueueWorkers.Lane("lane", concurrency: 2, handlers: ["kind": handler])],
            logger: .silent)
        try await enqueue(store, queue, ["a", "b", "c"])
        let running = Task { try await workers.run() }
        await reached.until { $0 == 2 }
        running.cancel()
        gate.update { $0 = true }
        try await running.value
        #expect(reached.value == 2)
        let effects = try await store.read {
            try String.fetchAll($0, sql: "SELECT key FROM effects ORDER BY key")
        }
        #expect(effects == ["a", "b"])
        #expect(try await queue.report().counts == ["kind": [.ready: 1]])
        store.close()
    }

    @Test(
        "1 % poison messages end as dead letters while all others are delivered; a redrive delivers them"
    )
    func poison() async throws {
        let bench = try QueueBench()
        let isHealed = Locked(false)
        let delivered = Watched(Set<String>())
        let handler: QueueWorkers.Handler = { message in
            guard isHealed.withLock({ $0 }) || !message.key.hasSuffix("00") else {
                return .refused("422 unreadable")
            }
            delivered.update { $0.insert(message.key) }
            return .done()
        }
        try await bench.store.write { [queue = bench.queue] database in
            for number in 1...1000 {
                try queue.enqueue(database, lane: "lane", kind: "kind", key: "key-\(number)")
            }
        }
        try await withWorkers(bench.queue, lanes: [QueueWorkers.Lane("lane", handlers: ["kind": handler])]) {
            let pump = Task { [time = bench.time] in
                while !Task.isCancelled {
                    await time.sleepers(1)
                    time.advance(by: .milliseconds(50))
                }
            }
            await delivered.until { $0.count == 990 }
            try await eventually { try await bench.queue.report().counts == ["kind": [.dead: 10]] }
            let letters = try await bench.queue.deadLetters(after: 0, limit: 100)
            #expect(letters.map(\.key) == (1...10).map { "key-\($0 * 100)" })
            #expect(letters.allSatisfy { $0.reason == "422 unreadable" && $0.tries == 5 })
            isHealed.withLock { $0 = true }
            #expect(try await bench.queue.redrive() == 10)
            await delivered.until { $0.count == 1000 }
            pump.cancel()
        }
        bench.store.close()
    }
}
