import Contracts
import Logging
import Resilience
import Runtime
import ServiceLifecycle

/// Ends what has been unfinished for too long, also where `finish-order` is behind a long backlog.
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

    /// Orders that are in flight are passed over until the next time, those that can't be read from then on.
    private func expire() async throws {
        var ids: [String] = []
        repeat {
            ids = try await store.unfinished(upTo: oldest, after: ids.last ?? "", limit: Self.batch)
            for id in ids where !unreadable.contains(id) && inFlight.begin(id) {
                defer { inFlight.end(id) }
                try await expire(id)
            }
        } while ids.count == Self.batch
    }

    private func expire(_ id: String) async throws {
        do {
            _ = try await store.update(id, as: "expired") { order in
                try .expired(order, oldest: oldest, at: wall())
            }
        } catch let error as DecodingError {
            unreadable.add(id, error)
        }
    }
}
