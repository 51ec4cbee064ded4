import GRDB
import Logging
import Resilience
import ServiceLifecycle
import Storage
import TestSupport

@testable import Queue

/// A queue over a file of its own, in time that the test moves.
struct QueueBench {
    let folder: TemporaryFolder
    let store: Store
    let time = ManualTime()
    let queue: DurableQueue
    let claims: LaneClaims
    var policy = QueueWorkers.Policy()

    /// - Parameter sleeping: told of every sleep that the queue's workers ask for.
    init(capacity: Int = 1_000_000, sleeping: (@Sendable (Duration) -> Void)? = nil) throws {
        folder = try TemporaryFolder()
        let effects = Store.Migration("effects", "CREATE TABLE effects (key TEXT NOT NULL) STRICT")
        store = try Store(
            folder: folder.path, name: "queue",
            migrations: [effects, DurableQueue.migration, DurableQueue.counts, DurableQueue.traces])
        var source = time.source
        source.sleep = { [sleep = source.sleep] duration in
            sleeping?(duration)
            try await sleep(duration)
        }
        queue = DurableQueue(store: store, wall: { 1_000_000 }, time: source, capacity: capacity)
        claims = LaneClaims(lane: "lane", policy: policy, clock: queue.clock, owner: 1)
    }

    /// The same lane for another process.
    func claims(owner: Int64, of queue: DurableQueue? = nil) -> LaneClaims {
        LaneClaims(lane: "lane", policy: policy, clock: (queue ?? self.queue).clock, owner: owner)
    }

    func enqueue(
        _ keys: String..., kind: String = "kind", lane: String = "lane", delay: Duration = .zero,
        priority: Int = 0,
        ordered: Bool = false, once id: String? = nil
    ) async throws {
        try await store.write { [queue] database in
            for key in keys {
                try queue.enqueue(
                    database, lane: lane, kind: kind, key: key, delay: delay, priority: priority,
                    ordered: ordered, once: id)
            }
        }
    }

    func claim(_ limit: Int = 10, by claims: LaneClaims? = nil) async throws -> [Message] {
        let claims = claims ?? self.claims
        return try await store.write { try claims.claim($0, limit: limit) }
    }

    func settle(_ message: Message, _ result: DeliveryResult, by claims: LaneClaims? = nil) async throws
        -> Bool
    {
        let claims = claims ?? self.claims
        return try await store.write { database in
            var random = SystemRandomNumberGenerator()
            return try claims.settle(database, message, result, random: &random)
        }
    }

    func count(_ sql: String) async throws -> Int {
        try await store.read { try Int.fetchOne($0, sql: sql) ?? 0 }
    }
}

/// The same in real time.
func makeQueue(_ folder: TemporaryFolder, time: TimeSource = .system) throws -> (Store, DurableQueue) {
    let effects = Store.Migration("effects", "CREATE TABLE effects (key TEXT NOT NULL) STRICT")
    let store = try Store(
        folder: folder.path, name: "queue",
        migrations: [effects, DurableQueue.migration, DurableQueue.counts, DurableQueue.traces])
    return (store, DurableQueue(store: store, wall: { 1_000_000 }, time: time))
}

func enqueue(_ store: Store, _ queue: DurableQueue, lane: String = "lane", _ keys: [String]) async throws {
    try await store.write { database in
        for key in keys { try queue.enqueue(database, lane: lane, kind: "kind", key: key) }
    }
}

/// Runs workers until `body` returns, then stops them as a shutdown does.
func withWorkers(_ workers: QueueWorkers..., body: () async throws -> Void) async throws {
    let group = ServiceGroup(services: workers, logger: .silent)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        try await body()
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}

func withWorkers(_ queue: DurableQueue, lanes: [QueueWorkers.Lane], body: () async throws -> Void)
    async throws
{
    try await withWorkers(QueueWorkers(queue: queue, lanes: lanes, logger: .silent), body: body)
}

extension Logger {
    static var silent: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }
}
