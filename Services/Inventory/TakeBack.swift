import Contracts
import GRDB
import Storage
import Transport

/// Takes goods out of an order's reservation, once a return's id: what was handed out goes back on hand, what is only set
/// aside is free again, and what ran out is not taken any more by a commit that comes late.
struct TakeBack: Sendable {
    let store: Store

    /// The reservation, less what was returned.
    /// - Throws: 404 for an order without a reservation, 409 `voided` after a release, 422 `contents-differ` for an id that
    ///   comes again with other goods, 422 `return-exceeds-reservation`.
    func callAsFunction(_ orderId: String, _ request: ReturnRequest) async throws -> Reservation {
        let returned = request.items.merged
        return try await store.write("return") { database in
            guard var reservation = try InventoryStore.reservation(database, orderId: orderId) else {
                throw Problem.notFound("There is no reservation for order \(orderId).")
            }
            if let known = try InventoryStore.takenBack(database, id: request.id) {
                guard known.orderId == orderId, Set(known.items) == Set(returned) else {
                    throw Problem.contentsDiffer("Return \(request.id) was made with other goods.")
                }
                return reservation
            }
            guard reservation.status != .released else { throw Problem.voided(orderId: orderId) }
            let taken = try reservation.takeOut(returned)
            switch reservation.status {
            case .reserved: try StockMovement.free.move(taken, database)
            case .committed: try StockMovement.putBack.move(taken, database)
            case .expired, .released: break
            }
            try InventoryStore.save(database, reservation)
            try InventoryStore.insert(database, returned: returned, id: request.id, orderId: orderId)
            return reservation
        }
    }
}

extension Reservation {
    /// Lessens its items by `returned`, which is merged already, and answers what that was.
    fileprivate mutating func takeOut(_ returned: [ItemQuantity]) throws -> [ReservedItem] {
        try returned.map { item in
            guard let index = items.firstIndex(where: { $0.sku == item.sku }), items[index].quantity >= item.quantity else {
                throw Problem(
                    422, "return-exceeds-reservation", "More is returned than there is",
                    "Order \(orderId) doesn't have \(item.quantity) of \(item.sku.excerpt()).")
            }
            var taken = items[index]
            taken.quantity = item.quantity
            items[index].quantity -= item.quantity
            if items[index].quantity == 0 { items.remove(at: index) }
            return taken
        }
    }
}
