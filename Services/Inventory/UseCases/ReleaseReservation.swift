import Contracts

/// Undoes whatever was done for an order, and keeps a tombstone, so that nothing that comes late is done
/// after all.
struct ReleaseReservation: Sendable {
    let reservations: ReservationStore
    let wall: @Sendable () -> Timestamp

    /// Never refused, also for an order that was never seen.
    func callAsFunction(_ orderId: String) async throws -> Reservation {
        try await reservations.change(orderId, as: "release") { existing in
            existing?.released
                ?? .write(
                    Reservation(
                        orderId: orderId, items: [], status: .released, currency: Catalogue.currency,
                        expiresAt: wall()))
        }
    }
}
