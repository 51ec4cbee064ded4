import Foundation
import GRDB
import Logging
import Resilience
import ServiceLifecycle
import Storage
import TestSupport
import Testing

@testable import Queue

/// Runs workers until `body` returns, then stops them as a shutdown does.
private func withWorkers(
    _ store: Store, _ queue: DurableQueue, lanes: [QueueWorkers.Lane], time: ManualTime? = nil,
    _ body: () async throws -> Void
) async throws {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let workers = QueueWorkers(queue: queue, lanes: lanes, time: time?.source ?? .system, logger: logger)
    let group = ServiceGroup(services: [workers], logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        try await body()
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}

private func makeQueue(_ folder: TemporaryFolder) throws -> (Store, DurableQueue) {
    let effects = Store.Migration("effects", "CREATE TABLE effects (key TEXT NOT NULL) STRICT")
    let store = try Store(folder: folder.path, name: "queue", migrations: [effects, DurableQueue.migration])
    return (store, DurableQueue(store: store, wall: { Int64(Date().timeIntervalSince1970 * 1000) }))
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
        try await withWorkers(store, queue, lanes: [lane]) {
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
        try await withWorkers(store, queue, lanes: lanes) {
            try await enqueue(store, queue, lane: "alive", ["alive"])
            #expect(await delivered.first { _ in true } == "alive")
        }
        #expect(try await queue.report().counts["kind"].map { ($0[.ready] ?? 0) + ($0[.delayed] ?? 0) } == 100)
        store.close()
    }

    @Test("a destination taken for dead is tried with one message at a time, and everything follows once it answers")
    func probing() async throws {
        let folder = try TemporaryFolder()
        let (store, queue) = try makeQueue(folder)
        let time = ManualTime()
        let isDown = Locked(true)
        let calls = Locked(0)
        let (delivered, arrived) = AsyncStream.makeStream(of: String.self)
        let lane = QueueWorkers.Lane(
            "lane", concurrency: 10,
            handlers: [
                "kind": { message in
                    calls.withLock { $0 += 1 }
                    if isDown.withLock({ $0 }) { return .unavailable("down") }
                    arrived.yield(message.key)
                    return .done()
                }
            ])
        let keys = (0..<40).map { "key-\($0)" }
        try await enqueue(store, queue, keys)
        try await withWorkers(store, queue, lanes: [lane], time: time) {
            await time.sleepers(1)
            #expect(calls.withLock { $0 } == 10)
            for probe in 1...5 {
                time.advance(by: .seconds(5))
                await time.sleepers(1)
                #expect(calls.withLock { $0 } <= 10 + 2 * probe)
            }
            isDown.withLock { $0 = false }
            let pump = Task {
                while !Task.isCancelled {
                    await time.sleepers(1)
                    time.advance(by: .seconds(5))
                }
            }
            var seen: Set<String> = []
            for await key in delivered {
                seen.insert(key)
                if seen.count == keys.count { break }
            }
            pump.cancel()
            time.advance(by: .seconds(5))
        }
        store.close()
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
        try await withWorkers(store, queue, lanes: [lane]) {
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
        let claims = LaneClaims(lane: "lane", policy: QueueWorkers.Policy(), wall: queue.wall)
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
        try await withWorkers(store, queue, lanes: [lane]) {
            #expect(await delivered.first { _ in true } == "orphan")
        }
        store.close()
    }

    @Test("a lane with nothing but a delayed message looks once a second, also after it was woken")
    func idle() async throws {
        let folder = try TemporaryFolder()
        let looks = Locked(0)
        let store = try Store(folder: folder.path, name: "queue", migrations: [DurableQueue.migration])
        let queue = DurableQueue(
            store: store,
            wall: {
                looks.withLock { $0 += 1 }
                return 1_000_000
            })
        let time = ManualTime()
        let lane = QueueWorkers.Lane("lane", handlers: [:])
        let delayed: @Sendable (String) async throws -> Void = { key in
            try await store.write {
                try queue.enqueue($0, lane: "lane", kind: "kind", key: key, delay: .seconds(3600))
            }
        }
        try await delayed("first")
        try await withWorkers(store, queue, lanes: [lane], time: time) {
            await time.sleepers(1)
            try await delayed("second")
            for _ in 0..<100 {
                await time.sleepers(1)
                time.advance(by: .milliseconds(20))
                // A write of our own: whatever the worker had in hand is through the writer after it.
                try await store.write { _ in }
            }
            // Two seconds have passed. Each look asks for the time twice.
            #expect(looks.withLock { $0 } < 20)
            time.advance(by: .seconds(10))
        }
        store.close()
    }
}
