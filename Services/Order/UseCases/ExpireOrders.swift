import Contracts
import Logging
import Resilience
import Runtime
import ServiceLifecycle

/// Ends what has been unfinished for too long, also where its `finish-order` message is behind a long
/// backlog.
struct ExpireOrders: Service {
    private static let batch = 100

    let store: OrderStore
    let inFlight: InFlightOrders
    /// After this, an order that could not be finished is undone and cancelled.
    let acceptedMaxAge: Duration
    let unreadable: UnreadableRows
    let time: TimeSource
    let wall: @Sendable () -> Timestamp
    let logger: Logger

    /// Looks when the service starts, and every minute then; more often where orders may not live long.
    func run() async throws {
        let interval = max(.seconds(1), min(.seconds(60), acceptedMaxAge / 10))
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await expire()
                } catch {
                    logger.error(
                        "orders that are too old could not be ended", metadata: ["error": "\(error)"])
                }
                try? await time.sleep(interval)
            }
        }
    }

    private var oldest: Timestamp { wall().advanced(by: .zero - acceptedMaxAge) }

    private func expire() async throws {
        var passed = 0
        repeat {
            let ids = try await store.unfinished(upTo: oldest, except: unreadable.ids, limit: Self.batch)
            passed = 0
            for id in ids where inFlight.begin(id) {
                defer { inFlight.end(id) }
                passed += try await expire(id) ? 1 : 0
            }
        } while passed == Self.batch
    }

    /// - Returns: whether the order won't be found again: it has ended, or can't be read.
    private func expire(_ id: String) async throws -> Bool {
        do {
            let isExpired = Locked(false)
            _ = try await store.update(id, as: "expired") { order in
                let change = try OrderChange.expired(order, oldest: oldest, at: wall())
                isExpired.withLock { $0 = change != nil }
                return change
            }
            return isExpired.withLock { $0 }
        } catch let error as DecodingError {
            unreadable.add(id, error)
            return true
        }
    }
}
