import Contracts
import GRDB
import Storage

/// Stock lies apart from the catalogue, in narrow rows: what an order changes is a few pages, however large
/// the catalogue.
enum ProductTable {
    static let migration = Store.Migration(
        "inventory-1",
        """
        CREATE TABLE products (
            sku TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            department TEXT NOT NULL,
            unit_price INTEGER NOT NULL CHECK (unit_price >= 0)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE stock (
            sku TEXT NOT NULL PRIMARY KEY REFERENCES products,
            seeded INTEGER NOT NULL,
            on_hand INTEGER NOT NULL,
            reserved INTEGER NOT NULL DEFAULT 0,
            committed INTEGER NOT NULL DEFAULT 0 CHECK (committed >= 0),
            CHECK (on_hand + committed = seeded),
            CHECK (reserved >= 0 AND reserved <= on_hand)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE reservations (
            order_id TEXT NOT NULL PRIMARY KEY,
            status TEXT NOT NULL CHECK (status IN ('reserved', 'committed', 'released', 'expired')),
            items BLOB NOT NULL,
            expires_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX reservations_due ON reservations (expires_at) WHERE status = 'reserved';
        """
    )

    private static let select =
        "SELECT sku, name, department, unit_price, on_hand - reserved FROM products JOIN stock USING (sku)"

    static func insert(_ database: Database, _ entry: Catalogue.Entry, stock: Int) throws {
        try database.run(
            "INSERT INTO products (sku, name, department, unit_price) VALUES (?, ?, ?, ?)",
            [entry.sku, entry.name, entry.department, entry.unitPrice])
        try database.run(
            "INSERT INTO stock (sku, seeded, on_hand) VALUES (?, ?, ?)", [entry.sku, stock, stock])
    }

    static func catalogue(_ database: Database) throws -> [Catalogue.Entry] {
        try database.rows("SELECT sku, name, department, unit_price FROM products").map {
            Catalogue.Entry(sku: $0[0], name: $0[1], department: $0[2], unitPrice: $0[3])
        }
    }

    static func product(_ database: Database, sku: String) throws -> Product? {
        try database.row("\(select) WHERE sku = ?", [sku]).map(product)
    }

    static func list(_ store: Store) -> KeysetList {
        KeysetList(store, select, by: "sku") { .json(product($1)) }
    }

    private static func product(_ row: Row) -> Product {
        Product(
            sku: row[0], name: row[1], department: row[2], unitPrice: row[3], currency: Catalogue.currency,
            available: row[4])
    }
}
