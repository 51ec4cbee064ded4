import GRDB
package import Logging
package import Metrics
package import Resilience
import ServiceLifecycle
import Storage
package import Telemetry

/// Delivers a queue's messages until the process shuts down: one worker a lane, so that a dead destination
/// holds up its own messages only.
package struct QueueWorkers: Service {
    package typealias Handler = @Sendable (Message) async -> DeliveryResult

    /// The messages for one destination, and how they are worked through.
    package struct Lane: Sendable {
        package var name: String
        /// One for each kind; the message of an unknown kind is refused.
        package var handlers: [String: Handler]
        /// Messages in delivery at once, at most.
        package var concurrency: Int

        package init(_ name: String, concurrency: Int = 32, handlers: [String: Handler]) {
            self.name = name
            self.handlers = handlers
            self.concurrency = concurrency
        }
    }

    package struct Policy: Sendable {
        /// How long a message stays with a worker that has stopped extending its lease. A worker extends its
        /// leases every third of this while it delivers.
        package var lease: Duration = .seconds(30)
        /// Between the claims of a lane, so that one transaction settles and claims several messages under
        /// load.
        package var claimInterval: Duration = .milliseconds(20)
        package var backoff = Backoff(base: .milliseconds(200), cap: .seconds(5), floor: .milliseconds(100))
        /// How long a message that is due waits, at most, for others to leave it room: the `share` of the
        /// workers grows with the square of its wait, a sixteenth after 30 s, and is whole after this.
        package var longestWait: Duration = .seconds(120)
        /// Answers that another try can't change, until a message is given up.
        package var tries = 5

        package init() {}
    }

    private let queue: DurableQueue
    private let workers: [LaneWorker]
    private let logger: Logger

    /// - Parameter share: the part of each lane's concurrency that may be used now, 0 … 1: requests come
    ///   first. One message a lane is always delivered, and the longer the first has waited, the more
    ///   are: see ``Policy/longestWait``.
    /// - Parameter metrics: gets `csp_queue_stale_total`, the settlements and extensions that came after the
    ///   lease was lost.
    package init(
        queue: DurableQueue, lanes: [Lane], policy: Policy = Policy(),
        share: @escaping @Sendable () -> Double = { 1 }, tracer: ServiceTracer = .off, logger: Logger,
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        self.queue = queue
        self.logger = logger
        let owner = Int64.random(in: 1...Int64.max)
        let stale = Counter(label: "csp_queue_stale_total", factory: metrics)
        workers = lanes.map { lane in
            LaneWorker(
                lane: lane,
                claims: LaneClaims(lane: lane.name, policy: policy, clock: queue.clock, owner: owner),
                store: queue.store, policy: policy, time: queue.clock.time,
                wakeSignal: queue.wakeSignal(lane.name), stale: stale,
                share: share, tracer: tracer, logger: logger)
        }
    }

    /// Works until the process shuts down; what is in delivery then is finished and settled.
    package func run() async throws {
        await cancelWhenGracefulShutdown { await takeOver() }
        await withDiscardingTaskGroup { group in
            for worker in workers {
                group.addTask { await cancelWhenGracefulShutdown { await worker.run() } }
            }
        }
    }

    /// Repeated until it succeeds: while nothing can be written, nothing could be settled either.
    private func takeOver() async {
        while !Task.isCancelled {
            do {
                return try await queue.store.write("taken over") { [queue] in try queue.takeOver($0) }
            } catch {
                logger.error("queue: old leases could not be freed", metadata: ["error": "\(error)"])
                try? await queue.clock.time.sleep(.seconds(1))
            }
        }
    }
}

extension DurableQueue {
    /// Makes what the last process left due. The folder's lock says that this is the only process, so the
    /// holders of the old leases are gone. No message waits longer from now than it was postponed for, in
    /// case the wall clock was set back in between.
    func takeOver(_ database: Database) throws {
        let now = clock.now
        try database.run(
            """
            UPDATE queue SET state = 'waiting', owner = NULL, due_at = ?, wait_ms = 0
            WHERE state = 'leased'
            """,
            [now])
        try database.run(
            "UPDATE queue SET due_at = ? + wait_ms WHERE state = 'waiting' AND due_at > ? + wait_ms",
            [now, now])
    }
}
