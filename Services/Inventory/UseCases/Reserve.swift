import Contracts
import Mutants

/// Sets an order's stock aside, all of it or nothing, at today's prices; for an order that has it already,
/// renews it.
struct Reserve: Sendable {
    let reservations: ReservationStore
    let catalogue: Catalogue
    let lapse: Lapse
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``InventoryError``: voided after a release, other items than before, an unknown SKU, out of
    ///   stock.
    func callAsFunction(_ request: ReservationRequest) async throws -> Reservation {
        let wanted = request.items.merged
        return try await reservations.change(request.orderId, as: "reservation") { existing in
            let now = wall()
            let end = now.advanced(by: lapse.lifetime)
            if let renewed = try existing?.renewed(for: wanted, until: end) {
                guard Mutant.isOn(.inventoryRepricesReservations), existing?.status == .reserved else {
                    return renewed
                }
                var repriced = renewed.reservation
                repriced.items = try catalogue.price(wanted)
                return .write(repriced)
            }
            let reservation = Reservation(
                orderId: request.orderId, items: try catalogue.price(wanted), status: .reserved,
                currency: Catalogue.currency, expiresAt: end)
            return .move(reservation, .reserve, reservation.items, expiring: lapse.due(at: now))
        }
    }
}
