import Contracts

/// Hands out what was reserved for an order.
struct CommitReservation: Sendable {
    let reservations: ReservationStore
    let lapse: Lapse
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``InventoryError``: no reservation, voided after a release, out of stock.
    func callAsFunction(_ orderId: String) async throws -> Reservation {
        try await reservations.change(orderId, as: "commit") { existing in
            guard let existing else { throw InventoryError.noReservation(orderId: orderId) }
            return try existing.committed(expiring: lapse.due(at: wall()))
        }
    }
}
