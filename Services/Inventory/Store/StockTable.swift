import Contracts
import GRDB
import Mutants
import Storage

/// The table of stock; ``ProductTable`` makes it.
enum StockTable {
    private static let stockColumns = "sku, seeded, on_hand, reserved, committed"

    static func stock(_ database: Database, sku: String) throws -> Stock? {
        try database.row("SELECT \(stockColumns) FROM stock WHERE sku = ?", [sku]).map(stock)
    }

    /// By SKU, those past `after`.
    static func stocks(_ database: Database, after: String?, limit: Int) throws -> [Stock] {
        try database.rows(
            "SELECT \(stockColumns) FROM stock WHERE sku > ? ORDER BY sku LIMIT ?", [after ?? "", limit]
        ).map(
            stock)
    }

    /// Moves all items, or throws and leaves it to the caller's transaction to undo the part that was moved.
    ///
    /// Where available stock falls short, reservations that are `due` are expired first.
    /// - Throws: ``InventoryError/outOfStock(_:)`` with every item that falls short.
    static func move(
        _ database: Database, _ movement: StockMovement, _ items: [ReservedItem],
        expiring due: Lapse.Due? = nil
    ) throws {
        func unmoved(_ items: [ReservedItem]) throws -> [ReservedItem] {
            try items.filter { try !move(database, movement, sku: $0.sku, quantity: $0.quantity) }
        }
        var short = try unmoved(items)
        if short.isEmpty || !movement.takesAvailable { return }
        if let due {
            try ReservationTable.expire(database, due, limit: .max)
            short = try unmoved(short)
        }
        if short.isEmpty || Mutant.isOn(.inventoryOversells) { return }
        throw InventoryError.outOfStock(
            try short.map { item in
                let available = try stock(database, sku: item.sku)?.available ?? 0
                return ShortSKU(sku: item.sku, requested: item.quantity, available: available)
            })
    }

    /// False, and nothing is moved, where the movement takes from available stock and there isn't enough.
    private static func move(_ database: Database, _ movement: StockMovement, sku: String, quantity: Int)
        throws -> Bool
    {
        try database.run(statement(movement), [quantity, sku])
        return database.changesCount == 1
    }

    private static func statement(_ movement: StockMovement) -> String {
        switch movement {
        case .reserve:
            "UPDATE stock SET reserved = reserved + ?1 WHERE sku = ?2 AND on_hand - reserved >= ?1"
        case .free:
            "UPDATE stock SET reserved = reserved - ?1 WHERE sku = ?2"
        case .commit:
            """
            UPDATE stock SET on_hand = on_hand - ?1, reserved = reserved - ?1, committed = committed + ?1 WHERE sku = ?2
            """
        case .commitUnreserved:
            """
            UPDATE stock SET on_hand = on_hand - ?1, committed = committed + ?1 WHERE sku = ?2 AND on_hand - reserved >= ?1
            """
        case .putBack:
            "UPDATE stock SET on_hand = on_hand + ?1, committed = committed - ?1 WHERE sku = ?2"
        }
    }

    private static func stock(_ row: Row) -> Stock {
        let (onHand, reserved): (Int, Int) = (row[2], row[3])
        return Stock(
            sku: row[0], seeded: row[1], onHand: onHand, reserved: reserved, committed: row[4],
            available: onHand - reserved)
    }
}
