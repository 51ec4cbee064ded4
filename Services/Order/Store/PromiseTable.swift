import Contracts
import GRDB
import Mutants
import Storage

/// Stock that was promised while inventory couldn't be asked, until it is reserved or the order has ended.
enum PromiseTable {
    static let migration = Store.Migration(
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
    static func keep(_ database: Database, of order: Order) throws {
        try database.run("DELETE FROM promises WHERE order_id = ?", [order.id])
        guard order.status == .accepted, order.hasUnverifiedStock else { return }
        for line in order.document.items {
            try database.run(
                "INSERT INTO promises (sku, order_id, quantity) VALUES (?, ?, ?)",
                [line.sku, order.id, line.quantity])
        }
    }

    /// The order's items that the cached stock doesn't cover, less what was promised since and a margin:
    /// percent of it, rounded up, for what was sold since by ways that aren't known here.
    static func uncovered(
        _ database: Database, _ order: Order, stock: [String: Int], margin: Int
    ) throws -> [ShortSKU] {
        try order.document.items.compactMap { line in
            let available = stock[line.sku] ?? 0
            let promised: Int? = try database.row(
                "SELECT sum(quantity) FROM promises WHERE sku = ?", [line.sku])?[0]
            let counted = Mutant.isOn(.forgetsPromises) ? 0 : promised ?? 0
            let free = max(0, available - (available * margin + 99) / 100 - counted)
            return line.quantity <= free
                ? nil : ShortSKU(sku: line.sku, requested: line.quantity, available: free)
        }
    }
}
