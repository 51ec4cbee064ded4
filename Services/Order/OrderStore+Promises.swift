import Contracts
import GRDB
import Storage

/// What accepted orders were promised while inventory couldn't be had, until it is reserved or the order has ended.
extension OrderStore {
    static let promises = Store.Migration(
        "promises-1",
        """
        CREATE TABLE promises (
            sku TEXT NOT NULL,
            order_id TEXT NOT NULL REFERENCES orders (id),
            quantity INTEGER NOT NULL CHECK (quantity > 0),
            PRIMARY KEY (sku, order_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX promises_order ON promises (order_id);
        """
    )

    /// Follows the order that has just been saved, so that promises are a function of the orders on disk.
    static func keepPromises(_ database: Database, of order: Order) throws {
        try database.run("DELETE FROM promises WHERE order_id = ?", [order.id])
        guard order.status == .accepted, order.hasUnverifiedStock else { return }
        for line in order.document.items {
            try database.run(
                "INSERT INTO promises (sku, order_id, quantity) VALUES (?, ?, ?)", [line.sku, order.id, line.quantity])
        }
    }

    /// What of the order's items the last known stock doesn't cover, less what was promised since and a margin.
    /// - Parameters:
    ///   - known: available stock by SKU.
    ///   - margin: the share of it that isn't promised, in percent, rounded up to whole pieces: others may have been sold
    ///     since by ways that aren't known here.
    static func uncovered(
        _ database: Database, _ order: Order, known: [String: Int], margin: Int
    ) throws -> [ShortSKU] {
        try order.document.items.compactMap { line in
            let available = known[line.sku] ?? 0
            let promised: Int =
                try database.row("SELECT total(quantity) FROM promises WHERE sku = ?", [line.sku])?[0] ?? 0
            let free = max(0, available - (available * margin + 99) / 100 - promised)
            return line.quantity <= free ? nil : ShortSKU(sku: line.sku, requested: line.quantity, available: free)
        }
    }
}
