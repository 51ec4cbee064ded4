import Contracts
import Storage

/// Undoes whatever was done for an order, and keeps a tombstone, so that nothing that comes late is done after all.
struct ReleaseReservation: Sendable {
    let store: Store
    let wall: @Sendable () -> Timestamp

    /// Never refused, also for an order that was never seen.
    func callAsFunction(_ orderId: String) async throws -> Reservation {
        try await store.write("release") { database in
            let now = wall()
            guard var reservation = try InventoryStore.reservation(database, orderId: orderId) else {
                let tombstone = Reservation(
                    orderId: orderId, items: [], status: .released, currency: Catalogue.currency, expiresAt: now)
                try InventoryStore.save(database, tombstone)
                return tombstone
            }
            switch reservation.status {
            case .released: return reservation
            case .expired: break
            case .reserved: try StockMovement.free.move(reservation.items, database)
            case .committed: try StockMovement.putBack.move(reservation.items, database)
            }
            reservation.status = .released
            try InventoryStore.update(database, reservation)
            return reservation
        }
    }
}
