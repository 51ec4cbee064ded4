import Contracts
import Logging
import Resilience
import ServiceLifecycle

/// Frees the stock of reservations whose time is over.
///
/// Nothing depends on its punctuality: a reservation counts as expired from its moment on, and an order that
/// would be refused for want of stock expires what is due first.
struct ExpireReservations: Service {
    let reservations: ReservationStore
    let lapse: Lapse
    let wall: @Sendable () -> Timestamp
    let time: TimeSource
    let logger: Logger

    /// In one transaction of the sweep, so that no order waits long behind it.
    private static let batch = 100

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let pause = await sweep()
                try? await time.sleep(pause)
            }
        }
    }

    /// Expires what is due, and answers when to look again: at the next expiry, but not twice in a second.
    ///
    /// Whatever is reserved meanwhile expires later than a whole lifetime from now. A minute is the most, for
    /// clocks that are set.
    private func sweep() async -> Duration {
        let longest = min(lapse.lifetime, .seconds(60))
        do {
            while true {
                let now = wall()
                let due = lapse.due(at: now)
                guard let next = try await reservations.nextExpiry(due) else { break }
                guard next <= now else {
                    return max(.seconds(1), min(.milliseconds(next.milliseconds - now.milliseconds), longest))
                }
                try await reservations.expire(due, limit: Self.batch)
            }
        } catch is CancellationError {
        } catch {
            logger.error("reservations could not be expired", metadata: ["error": "\(error)"])
        }
        return longest
    }
}
