import Foundation
import GRDB
import Logging
import Queue
import Storage

/// The durable queue beside what this disk and SQLite can do at all; every write is synced (`synchronous=FULL`).
enum QueueBenchmark {
    struct Result {
        var syncs: Double
        var raw: Double
        var ours: Double
        var enqueued: Double
        var claims: Claims
        var toHandler: LoadResult

        var text: String {
            let delayed = claims.besideDelayed.inMilliseconds / claims.alone.inMilliseconds
            let due = claims.fromBacklog.inMilliseconds / claims.alone.inMilliseconds
            return """
                queue, durable, payloads of 200 bytes
                  this disk: append 4 KB + fdatasync          \(fixed(syncs, 0))/s
                  raw SQLite: claim + acknowledge, batch 64   \(fixed(raw, 0)) jobs/s
                  ours: claim + acknowledge, batch 64         \(fixed(ours, 0)) jobs/s, \(fixed(100 * ours / raw, 0)) % of raw \
                (aim: 40,000, or 70 %)\(judged(ours >= 40_000 || ours >= 0.7 * raw))
                  enqueue, 64 producers                       \(fixed(enqueued, 0))/s, \(fixed(enqueued / syncs)) × the syncs \
                (aim: 10,000, or 5 ×)\(judged(enqueued >= 10_000 || enqueued >= 5 * syncs))
                  claim of 64 with no others there            \(fixed(claims.alone.inMilliseconds, 2)) ms
                  claim of 64 beside 1,000,000 not due        \(fixed(claims.besideDelayed.inMilliseconds, 2)) ms, \
                \(fixed(delayed, 2)) × (aim: 1.5 ×)\(judged(delayed <= 1.5))
                  claim of 64 from 1,000,000 due              \(fixed(claims.fromBacklog.inMilliseconds, 2)) ms, \
                \(fixed(due, 2)) × (aim: 1.5 ×)\(judged(due <= 1.5))
                  commit to handler, idle, one process        p50 \(fixed(toHandler.percentile(0.5).inMilliseconds, 2)) ms, \
                p99 \(fixed(toHandler.percentile(0.99).inMilliseconds, 2)) ms

                """
        }

        private func judged(_ isMet: Bool) -> String { isMet ? "" : "  MISSED" }
    }

    static func run() async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "csp-queue-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return Result(
            syncs: try syncs(folder), raw: try raw(folder), ours: try await ours(folder),
            enqueued: try await enqueued(folder), claims: try await claims(folder),
            toHandler: try await toHandler(folder))
    }

    private static func open(_ folder: String, _ name: String) throws -> (Store, DurableQueue) {
        let store = try Store(folder: folder + "/" + name, name: "queue", migrations: [DurableQueue.migration])
        return (store, DurableQueue(store: store, wall: { 2_000_000 }))
    }

    private static func perSecond(_ count: Int, _ body: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await body()
        return Double(count) / start.duration(to: .now).inSeconds
    }

    /// `count` messages, due for a second.
    private static func fill(
        _ count: Int, key: String = "key-", priority: String = "0", due: String = "1999000"
    ) -> String {
        """
        WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < \(count))
        INSERT INTO queue (lane, kind, key, payload, priority, ordered, state, due_at, wait_ms, created_at)
        SELECT 'lane', 'kind', '\(key)' || n, randomblob(200), \(priority), 0, 'waiting', \(due), 0, 1999000 FROM number
        """
    }

    private static func syncs(_ folder: String, count: Int = 2_000) throws -> Double {
        let descriptor = Foundation.open(folder + "/syncs", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw RawQueue.Failure(description: "\(folder)/syncs can't be opened") }
        defer { close(descriptor) }
        let page = [UInt8](repeating: 7, count: 4096)
        let start = ContinuousClock.now
        for _ in 0..<count {
            guard write(descriptor, page, page.count) == page.count, fdatasync(descriptor) == 0 else {
                throw RawQueue.Failure(description: "\(folder)/syncs can't be written")
            }
        }
        return Double(count) / start.duration(to: .now).inSeconds
    }

    private static func raw(_ folder: String, count: Int = 64_000) throws -> Double {
        let queue = try RawQueue(path: folder + "/raw.sqlite")
        try queue.run(fill(count))
        let start = ContinuousClock.now
        let claimed = try queue.drain(batch: 64)
        guard claimed == count else { throw RawQueue.Failure(description: "\(claimed) of \(count) were claimed") }
        return Double(count) / start.duration(to: .now).inSeconds
    }

    private static func ours(_ folder: String, count: Int = 64_000) async throws -> Double {
        let (store, queue) = try open(folder, "ours")
        defer { store.close() }
        let claims = LaneClaims(lane: "lane", policy: QueueWorkers.Policy(), clock: queue.clock, owner: 1)
        try await store.write { try $0.execute(sql: fill(count)) }
        return try await perSecond(count) {
            var claimed: [Message] = []
            repeat { claimed = try await settleAndClaim(store, claims, claimed) } while !claimed.isEmpty
        }
    }

    private static func settleAndClaim(_ store: Store, _ claims: LaneClaims, _ messages: [Message]) async throws -> [Message] {
        try await store.write { database in
            var chance = SystemRandomNumberGenerator()
            for message in messages {
                guard try claims.settle(database, message, .done(), chance: &chance) else {
                    throw RawQueue.Failure(description: "a lease was lost")
                }
            }
            return try claims.claim(database, limit: 64)
        }
    }

    private static func enqueued(_ folder: String, producers: Int = 64, count: Int = 32_000) async throws -> Double {
        let (store, queue) = try open(folder, "enqueued")
        defer { store.close() }
        let payload = Data(repeating: 7, count: 200)
        let load = await Load.closed(clients: producers, count: count) { number in
            let added: Void? = try? await store.write { database in
                try queue.enqueue(database, lane: "lane", kind: "kind", key: "key-\(number)", payload: payload)
            }
            return added != nil
        }
        return load.perSecond
    }

    /// The median claim of 64 messages; see ``Result``.
    struct Claims {
        var alone: Duration
        /// A million of all priorities wait for later.
        var besideDelayed: Duration
        /// A million are due, and 64 of them are claimed.
        var fromBacklog: Duration
    }

    /// In turns, so that each kind meets the same disk.
    private static func claims(_ folder: String, rounds: Int = 300) async throws -> Claims {
        var stores: [(Store, LaneClaims)] = []
        for name in ["alone", "delayed", "due"] {
            let (store, queue) = try open(folder, name)
            stores.append((store, LaneClaims(lane: "lane", policy: QueueWorkers.Policy(), clock: queue.clock, owner: 1)))
        }
        defer { for (store, _) in stores { store.close() } }
        let million = 1_000_000
        try await stores[1].0.write { try $0.execute(sql: fill(million, key: "later-", priority: "n % 4", due: "99999999")) }
        try await stores[2].0.write { try $0.execute(sql: fill(million)) }
        var times: [[Duration]] = [[], [], []]
        for _ in 0..<rounds {
            for index in 0..<2 { try await stores[index].0.write { try $0.execute(sql: fill(64)) } }
            for (index, (store, claims)) in stores.enumerated() {
                let start = ContinuousClock.now
                let messages = try await store.write { try claims.claim($0, limit: 64) }
                times[index].append(start.duration(to: .now))
                try await store.write { database in
                    var chance = SystemRandomNumberGenerator()
                    for message in messages { _ = try claims.settle(database, message, .done(), chance: &chance) }
                }
            }
        }
        let medians = times.map { $0.sorted()[rounds / 2] }
        return Claims(alone: medians[0], besideDelayed: medians[1], fromBacklog: medians[2])
    }

    /// From the end of the commit to the handler's first line, one message at a time.
    private static func toHandler(_ folder: String, count: Int = 300) async throws -> LoadResult {
        let (store, queue) = try open(folder, "handler")
        defer { store.close() }
        let (ends, committed) = AsyncStream.makeStream(of: ContinuousClock.Instant.self)
        var commits = ends.makeAsyncIterator()
        let (moments, arrived) = AsyncStream.makeStream(of: ContinuousClock.Instant.self)
        let handler: QueueWorkers.Handler = { _ in
            arrived.yield(.now)
            return .done()
        }
        let lane = QueueWorkers.Lane("lane", handlers: ["kind": handler])
        let workers = QueueWorkers(queue: queue, lanes: [lane], logger: Logger(label: "bench"))
        let working = Task { try await workers.run() }
        var handled = moments.makeAsyncIterator()
        var latencies: [Duration] = []
        for number in 0..<count {
            try await store.write { database in
                // Told before the queue's own observer, which rings the bell.
                database.afterNextTransaction { _ in committed.yield(.now) }
                try queue.enqueue(database, lane: "lane", kind: "kind", key: "key-\(number)")
            }
            guard let commit = await commits.next(), let handling = await handled.next() else { break }
            latencies.append(commit.duration(to: handling))
            // Until the worker is idle again.
            try await Task.sleep(for: .milliseconds(30))
        }
        working.cancel()
        try await working.value
        return LoadResult(latencies: latencies, elapsed: .zero, failures: count - latencies.count)
    }
}
