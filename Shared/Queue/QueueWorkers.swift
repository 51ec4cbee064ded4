import GRDB
package import Logging
package import Resilience
import ServiceLifecycle
import Storage

/// Delivers a queue's messages until the process shuts down: one worker a lane, so that a dead destination holds up its
/// own messages only.
package struct QueueWorkers: Service {
    package typealias Handler = @Sendable (Message) async -> Verdict

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
        /// Longer than any delivery can take: a delivery's own timeouts end it well before.
        package var lease: Duration = .seconds(30)
        /// Between the claims of a lane, so that one transaction settles and claims several messages under load.
        package var claimInterval: Duration = .milliseconds(20)
        package var backoff = Backoff(base: .milliseconds(200), cap: .seconds(5), floor: .milliseconds(100))
        /// Answers that another try can't change, until a message is given up.
        package var tries = 5

        package init() {}
    }

    private let queue: DurableQueue
    private let workers: [LaneWorker]
    private let logger: Logger

    package init(
        queue: DurableQueue, lanes: [Lane], policy: Policy = Policy(), time: TimeSource = .system, logger: Logger
    ) {
        self.queue = queue
        self.logger = logger
        workers = lanes.map { lane in
            LaneWorker(
                lane: lane, claims: LaneClaims(lane: lane.name, policy: policy, wall: queue.wall), store: queue.store,
                policy: policy, time: time, bell: queue.bell(lane.name), logger: logger)
        }
    }

    /// Works until the process shuts down; what is in delivery then is finished and settled.
    package func run() async throws {
        await freeLeases()
        await withDiscardingTaskGroup { group in
            for worker in workers {
                group.addTask { await cancelWhenGracefulShutdown { await worker.run() } }
            }
        }
    }

    /// Whoever held leases is gone: the folder's lock says that this is the only process. While the disk is full, they
    /// can't be freed and run out by themselves.
    private func freeLeases() async {
        let now = queue.wall()
        do {
            try await queue.store.write("freed leases") {
                try $0.run("UPDATE queue SET lease = NULL, due_at = ? WHERE lease IS NOT NULL", [now])
            }
        } catch {
            logger.error("queue: old leases could not be freed", metadata: ["error": "\(error)"])
        }
    }
}
