import Contracts
import GRDB
import Mutants
import Storage

/// The pieces of each product; ``ProductTable`` makes their table.
enum StockTable {
    private static let columns = "sku, seeded, on_hand, reserved, committed"

    static func stock(_ database: Database, sku: String) throws -> Stock? {
        try database.row("SELECT \(columns) FROM stock WHERE sku = ?", [sku]).map(stock)
    }

    static func list(_ store: Store) -> KeysetList {
        KeysetList(store, "SELECT \(columns) FROM stock", by: "sku") { .json(stock($1)) }
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
            try ReservationTable.expire(database, due)
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
        try database.run(
            """
            UPDATE stock SET on_hand = on_hand + ?, reserved = reserved + ?, committed = committed + ?
            WHERE sku = ? AND on_hand - reserved >= ?
            """,
            [
                movement.onHand * quantity, movement.reserved * quantity, movement.committed * quantity, sku,
                movement.takesAvailable ? quantity : 0,
            ])
        return database.changesCount == 1
    }

    private static func stock(_ row: Row) -> Stock {
        let (onHand, reserved): (Int, Int) = (row[2], row[3])
        return Stock(
            sku: row[0], seeded: row[1], onHand: onHand, reserved: reserved, committed: row[4],
            available: onHand - reserved)
    }
}
