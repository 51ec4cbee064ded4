import Contracts

/// Takes goods out of an order's reservation, once a return's id: what was handed out goes back on hand, what
/// is only set aside is free again, and what ran out is not taken any more by a commit that comes late.
struct TakeBack: Sendable {
    let reservations: ReservationStore

    /// The reservation, less what was returned.
    /// - Throws: ``InventoryError``: no reservation, voided after a release, an id that comes again with
    ///   other goods, more than there is.
    func callAsFunction(_ orderId: String, _ request: ReturnRequest) async throws -> Reservation {
        let goods = request.items.merged
        return try await reservations.takeBack(goods, orderId: orderId, id: request.id) { existing in
            try existing.returned(goods)
        }
    }
}
