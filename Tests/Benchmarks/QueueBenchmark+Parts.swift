import Contracts
import Foundation
import GRDB
import Logging
import Queue
import Storage

/// The measurements, one function each.
extension QueueBenchmark {
    private static func open(_ folder: String, _ name: String) throws -> (Store, DurableQueue) {
        let store = try Store(
            folder: folder + "/" + name, name: "queue",
            migrations: [DurableQueue.migration, DurableQueue.counts, DurableQueue.traces])
        return (store, DurableQueue(store: store, wall: { 2_000_000 }))
    }

    struct Rate: Sendable {
        var perSecond: Double
        var cpuMicroseconds: Double

        init(_ count: Int, _ body: () async throws -> Void) async rethrows {
            let (start, cpu) = (ContinuousClock.now, CPUTime.ofThisProcess())
            try await body()
            perSecond = Double(count) / start.duration(to: .now).seconds
            cpuMicroseconds = (CPUTime.ofThisProcess() - cpu) * 1_000_000 / Double(count)
        }
    }

    /// `count` messages, due for a second.
    private static func fill(
        _ count: Int, key: String = "key-", priority: String = "0", due: String = "1999000"
    ) -> String {
        """
        WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < \(count))
        INSERT INTO queue (lane, kind, key, payload, priority, ordered, state, due_at, wait_ms, created_at)
        SELECT 'lane', 'kind', '\(key)' || n, randomblob(200), \(priority), 0, 'waiting', \(due), 0, 1999000
        FROM number
        """
    }

    static func syncs(_ folder: String, count: Int = 500) throws -> Double {
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
        return Double(count) / start.duration(to: .now).seconds
    }

    static func raw(_ folder: String, round: Int, count: Int = 19_200) async throws -> Rate {
        let queue = try RawQueue(path: folder + "/raw-\(round).sqlite")
        try queue.run(fill(count))
        return try await Rate(count) {
            let claimed = try queue.drain(batch: 64)
            guard claimed == count else {
                throw RawQueue.Failure(description: "\(claimed) of \(count) were claimed")
            }
        }
    }

    static func ours(_ folder: String, round: Int, count: Int = 19_200) async throws -> Rate {
        let (store, queue) = try open(folder, "ours-\(round)")
        defer { store.close() }
        let claims = LaneClaims(lane: "lane", policy: QueueWorkers.Policy(), clock: queue.clock, owner: 1)
        try await store.write { try $0.execute(sql: fill(count)) }
        return try await Rate(count) {
            var claimed: [Message] = []
            repeat { claimed = try await settleAndClaim(store, claims, claimed) } while !claimed.isEmpty
        }
    }

    private static func settleAndClaim(_ store: Store, _ claims: LaneClaims, _ messages: [Message])
        async throws -> [Message]
    {
        try await store.write { database in
            var random = SystemRandomNumberGenerator()
            for message in messages {
                guard try claims.settle(database, message, .done(), random: &random) else {
                    throw RawQueue.Failure(description: "a lease was lost")
                }
            }
            return try claims.claim(database, limit: 64)
        }
    }

    static func enqueued(_ folder: String, producers: Int = 64, count: Int = 32_000) async throws -> Double {
        let (store, queue) = try open(folder, "enqueued")
        defer { store.close() }
        let payload = Data(repeating: 7, count: 200)
        let load = await Load.closed(clients: producers, count: count) { number in
            let added: Void? = try? await store.write { database in
                try queue.enqueue(
                    database, lane: "lane", kind: "kind", key: "key-\(number)", payload: payload)
            }
            return added != nil
        }
        return load.perSecond
    }

    /// The median claim of 64 messages; see ``Result``.
    struct Claims {
        var alone: Duration
        /// With a million delayed messages of all priorities.
        var besideDelayed: Duration
        /// With a million due messages, of which 64 are claimed.
        var fromBacklog: Duration
    }

    /// Alternating, so that each kind meets the same disk.
    static func claims(_ folder: String, rounds: Int = 300) async throws -> Claims {
        var stores: [(Store, LaneClaims)] = []
        for name in ["alone", "delayed", "due"] {
            let (store, queue) = try open(folder, name)
            stores.append(
                (store, LaneClaims(lane: "lane", policy: QueueWorkers.Policy(), clock: queue.clock, owner: 1))
            )
        }
        defer { for (store, _) in stores { store.close() } }
        let million = 1_000_000
        try await stores[1].0.write {
            try $0.execute(sql: fill(million, key: "later-", priority: "n % 4", due: "99999999"))
        }
        try await stores[2].0.write { try $0.execute(sql: fill(million)) }
        var times: [[Duration]] = [[], [], []]
        for _ in 0..<rounds {
            for index in 0..<2 { try await stores[index].0.write { try $0.execute(sql: fill(64)) } }
            for (index, (store, claims)) in stores.enumerated() {
                let start = ContinuousClock.now
                let messages = try await store.write { try claims.claim($0, limit: 64) }
                times[index].append(start.duration(to: .now))
                try await store.write { database in
                    var random = SystemRandomNumberGenerator()
                    for message in messages {
                        _ = try claims.settle(database, message, .done(), random: &random)
                    }
                }
            }
        }
        let medians = times.map { $0.sorted()[rounds / 2] }
        return Claims(alone: medians[0], besideDelayed: medians[1], fromBacklog: medians[2])
    }

    /// From the end of the commit to the handler's first line, one message at a time.
    static func toHandler(_ folder: String, count: Int = 300) async throws -> LoadResult {
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
                // Called before the queue's own observer, which signals the worker.
                database.afterNextTransaction { _ in committed.yield(.now) }
                try queue.enqueue(database, lane: "lane", kind: "kind", key: "key-\(number)")
            }
            guard let commit = await commits.next(), let handling = await handled.next() else { break }
            latencies.append(commit.duration(to: handling))
            // Lets the worker become idle again.
            try await Task.sleep(for: .milliseconds(30))
        }
        working.cancel()
        try await working.value
        return LoadResult(latencies: latencies, elapsed: .zero, failures: count - latencies.count)
    }

    /// The effect of poison messages on others: the 99th percentile from enqueuing a deliverable message to
    /// its handler.
    struct Poisoned {
        var without: Duration
        var with: Duration
        var dead: Int
    }

    /// 500 messages a second, every hundredth of them poison, or none; alternating, medians of five rounds.
    static func poisoned(_ folder: String) async throws -> Poisoned {
        var (without, with, dead): ([Duration], [Duration], Int) = ([], [], 0)
        for round in 0..<5 {
            without.append(try await deliveries(folder, "sound-\(round)", poisonEvery: nil).p99)
            let poisoned = try await deliveries(folder, "poisoned-\(round)", poisonEvery: 100)
            with.append(poisoned.p99)
            dead += poisoned.dead
        }
        return Poisoned(without: without.sorted()[2], with: with.sorted()[2], dead: dead)
    }

    private static func deliveries(
        _ folder: String, _ name: String, poisonEvery: Int?, count: Int = 2_000
    ) async throws -> (p99: Duration, dead: Int) {
        let (store, queue) = try open(folder, name)
        defer { store.close() }
        let (arrivals, arrived) = AsyncStream.makeStream(of: (Int, ContinuousClock.Instant).self)
        let handler: QueueWorkers.Handler = { message in
            let number = Int(message.key) ?? 0
            if let poisonEvery, number % poisonEvery == 0 { return .refused("poison") }
            arrived.yield((number, .now))
            return .done()
        }
        let lane = QueueWorkers.Lane("lane", handlers: ["kind": handler])
        let workers = QueueWorkers(queue: queue, lanes: [lane], logger: Logger(label: "bench"))
        let working = Task { try await workers.run() }
        let start = ContinuousClock.now
        _ = await Load.open(rate: 500, count: count) { number in
            (try? await store.write { try queue.enqueue($0, lane: "lane", kind: "kind", key: "\(number)") })
                != nil
        }
        while try await queue.report().total(.dead) < (poisonEvery.map { count / $0 } ?? 0) {
            try await Task.sleep(for: .milliseconds(20))
        }
        working.cancel()
        try await working.value
        arrived.finish()
        var latencies: [Duration] = []
        for await (number, at) in arrivals {
            latencies.append((start + .milliseconds(2 * number)).duration(to: at))
        }
        return (latencies.sorted()[latencies.count * 99 / 100], try await queue.report().total(.dead))
    }
}
