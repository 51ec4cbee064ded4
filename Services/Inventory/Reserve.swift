import Contracts
import GRDB
import Storage
import Transport

/// Sets an order's stock aside, all of it or nothing, at today's prices; for an order that has it already, renews it.
struct Reserve: Sendable {
    let store: Store
    let catalogue: Catalogue
    let lapse: Lapse
    let wall: @Sendable () -> Timestamp

    /// - Throws: 409 `voided` after a release, 422 `contents-differ` for other items than before, 422 `unknown-sku`,
    ///   409 `out-of-stock`.
    func callAsFunction(_ request: ReservationRequest) async throws -> Reservation {
        let wanted = request.items.merged
        return try await store.write("reservation") { database in
            let now = wall()
            if let kept = try standing(database, request.orderId, wanted: wanted, now: now) { return kept }
            let reservation = Reservation(
                orderId: request.orderId, items: try catalogue.price(wanted), status: .reserved,
                currency: Catalogue.currency, expiresAt: now.advanced(by: lapse.lifetime))
            try StockMovement.reserve.move(reservation.items, database, expiring: lapse.due(at: now))
            try InventoryStore.save(database, reservation)
            return reservation
        }
    }

    /// The order's reservation where it stands, renewed if it isn't committed; nil where there is none, or not any longer.
    private func standing(_ database: Database, _ orderId: String, wanted: [ItemQuantity], now: Timestamp) throws
        -> Reservation?
    {
        guard var reservation = try InventoryStore.reservation(database, orderId: orderId) else { return nil }
        guard reservation.status != .released else { throw Problem.voided(orderId: orderId) }
        guard reservation.isFor(wanted) else {
            throw Problem.contentsDiffer("Order \(orderId) has a reservation for other items.")
        }
        switch reservation.status {
        case .committed: return reservation
        case .expired, .released: return nil
        // Also when it is due: nobody else has taken its stock yet.
        case .reserved:
            reservation.expiresAt = now.advanced(by: lapse.lifetime)
            try InventoryStore.update(database, reservation)
            return reservation
        }
    }
}
