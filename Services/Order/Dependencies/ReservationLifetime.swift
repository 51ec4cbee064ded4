import Contracts
import Logging
import Resilience

/// Says in the log, once, that reservations end before the orders that they are for have to. One is a setting
/// of order (`ACCEPTED_MAX_AGE`), one of inventory (`RESERVATION_TTL`): only a reservation shows both.
final class ReservationLifetime: Sendable {
    private let acceptedMaxAge: Duration
    private let logger: Logger
    private let isTold = Locked(false)

    init(acceptedMaxAge: Duration, logger: Logger) {
        self.acceptedMaxAge = acceptedMaxAge
        self.logger = logger
    }

    /// - Parameter now: when the reservation was asked for.
    func check(_ reservation: Reservation, at now: Timestamp) {
        guard reservation.status == .reserved, reservation.expiresAt < now.advanced(by: acceptedMaxAge),
            !isTold.withLock({ isTold in
                defer { isTold = true }
                return isTold
            })
        else { return }
        logger.warning(
            """
            inventory's reservations end before accepted orders have to, so that their stock may be sold to \
            others meanwhile: RESERVATION_TTL is to be longer than ACCEPTED_MAX_AGE
            """,
            metadata: ["ACCEPTED_MAX_AGE": "\(acceptedMaxAge)", "expiresAt": "\(reservation.expiresAt)"])
    }
}
