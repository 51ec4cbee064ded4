import Contracts
import Storage
import Transport

/// Hands out what was reserved for an order. Once expired, it is taken from what is available now, at the prices as they were.
struct CommitReservation: Sendable {
    let store: Store
    let lapse: Lapse
    let wall: @Sendable () -> Timestamp

    /// - Throws: 404 for an order without a reservation, 409 `voided` after a release, 409 `out-of-stock`.
    func callAsFunction(_ orderId: String) async throws -> Reservation {
        try await store.write("commit") { database in
            guard var reservation = try InventoryStore.reservation(database, orderId: orderId) else {
                throw Problem.notFound("There is no reservation for order \(orderId).")
            }
            switch reservation.status {
            case .committed: return reservation
            case .released: throw Problem.voided(orderId: orderId)
            // Also when it is due: nobody else has taken its stock yet.
            case .reserved: try StockMovement.commit.move(reservation.items, database)
            case .expired:
                try StockMovement.commitUnreserved.move(reservation.items, database, expiring: lapse.due(at: wall()))
            }
            reservation.status = .committed
            try InventoryStore.update(database, reservation)
            return reservation
        }
    }
}
