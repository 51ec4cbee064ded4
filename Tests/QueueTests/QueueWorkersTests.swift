import GRDB
import Resilience
import Storage
import TestSupport
import Testing

@testable import Queue

private func makeQueue(_ folder: TemporaryFolder, time: TimeSource = .system) throws -> (Store, DurableQueue) {
    let effects = Store.Migration("effects", "CREATE TABLE effects (key TEXT NOT NULL) STRICT")
    let store = try Store(folder: folder.path, name: "queue", migrations: [effects, DurableQueue.migration])
    return (store, DurableQueue(store: store, wall: { 1_000_000 }, time: time))
}

private func enqueue(_ store: Store, _ queue: DurableQueue, lane: String = "lane", _ keys: [String]) async throws {
    try await store.write { database in
        for key in keys { try queue.enqueue(database, lane: lane, kind: "kind", key: key) }
    }
}

@Suite("Workers")
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
        let effects = try await store.read { try String.fetchAll($0, sql: "SELECT key FROM effects ORDER BY key") }
        #expect(effects == keys.sorted())
        #expect(try await queue.report().counts.isEmpty)
        store.close()
    }

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
        #expect(try await queue.report().counts["kind"].map { ($0[.ready] ?? 0) + ($0[.delayed] ?? 0) } == 100)
        store.close()
    }

    @Test("a destination taken for dead is tried with one message at a time, and everything follows once it answers")
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
            for (earlier, later) in zip(probes, probes.dropFirst()) { #expect(later - earlier >= .milliseconds(100)) }
            isDown.withLock { $0 = false }
            await delivered.until { $0.count == 40 }
            pump.cancel()
        }
        #expect(try await bench.queue.report().counts.isEmpty)
        bench.store.close()
    }

    @Test("a commit that fails is that message's trouble alone")
    func failingCommit() async throws {
        let folder = try TemporaryFolder()
        let (store, queue) = try makeQueue(folder)
        let (delivered, arrived) = AsyncStream.makeStream(of: String.self)
        let lane = QueueWorkers.Lane(
            "lane",
            handlers: [
                "kind": { message in
                    .done { database in
                        if message.key == "bad" { try database.execute(sql: "INSERT INTO nowhere VALUES (1)") }
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
        let effects = try await store.read { try String.fetchAll($0, sql: "SELECT key FROM effects ORDER BY key") }
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

    @Test("a slow delivery keeps its place and holds up nobody else's")
    func slowDelivery() async throws {
        let folder = try TemporaryFolder()
        let (store, queue) = try makeQueue(folder)
        let gate = Watched(false)
        let delivered = Watched(Set<String>())
        let most = Watched((now: 0, most: 0))
        let handler: QueueWorkers.Handler = { message in
            most.update { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            if message.key == "slow" { await gate.until { $0 } }
            most.update { $0.now -= 1 }
            delivered.update { $0.insert(message.key) }
            return .done()
        }
        try await withWorkers(queue, lanes: [QueueWorkers.Lane("lane", concurrency: 4, handlers: ["kind": handler])]) {
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

    @Test("a shutdown finishes and settles what is in delivery, and claims nothing more")
    func shutdown() async throws {
        let folder = try TemporaryFolder()
        let (store, queue) = try makeQueue(folder)
        let (gate, reached) = (Watched(false), Watched(0))
        let handler: QueueWorkers.Handler = { message in
            reached.update { $0 += 1 }
            await gate.until { $0 }
            return .done { try $0.run("INSERT INTO effects (key) VALUES (?)", [message.key]) }
        }
        let workers = QueueWorkers(
            queue: queue, lanes: [QueueWorkers.Lane("lane", concurrency: 2, handlers: ["kind": handler])], logger: .silent)
        try await enqueue(store, queue, ["a", "b", "c"])
        let running = Task { try await workers.run() }
        await reached.until { $0 == 2 }
        running.cancel()
        gate.update { $0 = true }
        try await running.value
        #expect(reached.value == 2)
        let effects = try await store.read { try String.fetchAll($0, sql: "SELECT key FROM effects ORDER BY key") }
        #expect(effects == ["a", "b"])
        #expect(try await queue.report().counts == ["kind": [.ready: 1]])
        store.close()
    }

    @Test("a round that can't be written is written later: the message was delivered once")
    func failingDisk() async throws {
        let bench = try QueueBench()
        try await bench.store.write {
            try $0.execute(
                sql: "CREATE TRIGGER broken BEFORE DELETE ON queue BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END")
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
            while try await bench.count("SELECT count(*) FROM queue") > 0 {
                bench.time.advance(by: .milliseconds(100))
                await Task.yield()
            }
        }
        #expect(calls.value == 1)
        bench.store.close()
    }

    @Test("poison messages at 1 % end in the dead letters while all others are delivered, and a redrive delivers them")
    func poison() async throws {
        let bench = try QueueBench()
        let isHealed = Locked(false)
        let delivered = Watched(Set<String>())
        let handler: QueueWorkers.Handler = { message in
            guard isHealed.withLock({ $0 }) || !message.key.hasSuffix("00") else { return .refused("422 unreadable") }
            delivered.update { $0.insert(message.key) }
            return .done()
        }
        try await bench.store.write { [queue = bench.queue] database in
            for number in 1...1000 { try queue.enqueue(database, lane: "lane", kind: "kind", key: "key-\(number)") }
        }
        try await withWorkers(bench.queue, lanes: [QueueWorkers.Lane("lane", handlers: ["kind": handler])]) {
            let pump = Task { [time = bench.time] in
                while !Task.isCancelled {
                    await time.sleepers(1)
                    time.advance(by: .milliseconds(50))
                }
            }
            await delivered.until { $0.count == 990 }
            while try await bench.queue.report().counts != ["kind": [.dead: 10]] { await Task.yield() }
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
