import Contracts
import Logging
import Queue
import Resilience
import Runtime
import ServiceLifecycle
import Storage

/// Ends what has been unfinished for too long, also where its `finish-order` message stands behind a long backlog.
struct ExpireOrders: Service {
    private static let batch = 100

    let store: Store
    let queue: DurableQueue
    let hands: WorkInHand
    let endings: Endings
    let counts: OrderCounts
    let unreadable: UnreadableRows
    let time: TimeSource
    let logger: Logger

    /// Looks when the service starts, and every minute then; more often where orders may not live long.
    func run() async throws {
        let interval = max(.seconds(1), min(.seconds(60), endings.acceptedMaxAge / 10))
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await expire()
                } catch {
                    logger.error("orders that are too old could not be ended", metadata: ["error": "\(error)"])
                }
                try? await time.sleep(interval)
            }
        }
    }

    private func expire() async throws {
        var passed = 0
        repeat {
            let ids = try await store.read { [endings, unreadable] in
                try OrderStore.unfinished($0, upTo: endings.oldest, except: unreadable.ids, limit: Self.batch)
            }
            passed = 0
            for id in ids where hands.begin(id) {
                defer { hands.end(id) }
                passed += try await expire(id) ? 1 : 0
            }
        } while passed == Self.batch
    }

    /// - Returns: whether the order won't be found again: it has ended, or can't be read.
    private func expire(_ id: String) async throws -> Bool {
        do {
            let isExpired = try await store.write("expired") { [queue, endings] database in
                guard let order = try OrderStore.order(database, id: id), let conclusion = try endings.expired(order) else {
                    return false
                }
                try conclusion.commit(database, queue)
                return true
            }
            if isExpired { counts.count(.cancelled) }
            return isExpired
        } catch let error as DecodingError {
            unreadable.add(id, error)
            return true
        }
    }
}
