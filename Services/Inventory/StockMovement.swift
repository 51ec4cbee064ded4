import Contracts
import GRDB
import Transport

/// The ways in which an item's quantity moves between `onHand`, `reserved` and `committed`.
enum StockMovement {
    /// Sets available stock aside.
    case reserve
    /// Gives back what was set aside.
    case free
    /// Hands out what was set aside.
    case commit
    /// Hands out available stock that was not set aside.
    case commitUnreserved
    /// Takes back what was handed out.
    case putBack

    /// Whether it can fall short.
    private var takesAvailable: Bool {
        switch self {
        case .reserve, .commitUnreserved: true
        case .free, .commit, .putBack: false
        }
    }

    /// Moves all items, or throws and leaves it to the caller's transaction to undo the part that was moved.
    ///
    /// Where available stock falls short, reservations that are `due` are expired first.
    /// - Throws: 409 `out-of-stock` with every item that falls short.
    func move(_ items: [ReservedItem], _ database: Database, expiring due: Lapse.Due? = nil) throws {
        var short = try unmoved(items, database)
        if short.isEmpty || !takesAvailable { return }
        if let due {
            try ExpireReservations.expire(database, due, limit: .max)
            short = try unmoved(short, database)
        }
        if short.isEmpty { return }
        throw Problem.outOfStock(
            try short.map { item in
                let available = try InventoryStore.stock(database, sku: item.sku)?.available ?? 0
                return ShortSKU(sku: item.sku, requested: item.quantity, available: available)
            })
    }

    private func unmoved(_ items: [ReservedItem], _ database: Database) throws -> [ReservedItem] {
        try items.filter { try !InventoryStore.move(database, self, sku: $0.sku, quantity: $0.quantity) }
    }
}
