import Contracts
import Foundation
import GRDB
import Runtime
import Storage

/// Catalogue, stock and reservations on disk; the only SQL of this service.
///
/// Stock lies apart from the catalogue, in narrow rows: what an order changes is a few pages, however large the catalogue.
enum InventoryStore {
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

    static let lists = Store.Migration(
        "reservation-lists-1", "CREATE INDEX reservations_status ON reservations (status, order_id, expires_at)")
}

/// The catalogue.
extension InventoryStore {
    private static let productColumns = "sku, name, department, unit_price, on_hand - reserved"

    static func insert(_ database: Database, _ entry: Catalogue.Entry, stock: Int) throws {
        try database.run(
            "INSERT INTO products (sku, name, department, unit_price) VALUES (?, ?, ?, ?)",
            [entry.sku, entry.name, entry.department, entry.unitPrice])
        try database.run("INSERT INTO stock (sku, seeded, on_hand) VALUES (?, ?, ?)", [entry.sku, stock, stock])
    }

    static func catalogue(_ database: Database) throws -> [Catalogue.Entry] {
        try database.rows("SELECT sku, name, department, unit_price FROM products").map {
            Catalogue.Entry(sku: $0[0], name: $0[1], department: $0[2], unitPrice: $0[3])
        }
    }

    static func product(_ database: Database, sku: String) throws -> Product? {
        try database.row("SELECT \(productColumns) FROM products JOIN stock USING (sku) WHERE sku = ?", [sku]).map(product)
    }

    /// By SKU, those past `after`.
    static func products(_ database: Database, after: String?, limit: Int) throws -> [Product] {
        try database.rows(
            "SELECT \(productColumns) FROM products JOIN stock USING (sku) WHERE sku > ? ORDER BY sku LIMIT ?",
            [after ?? "", limit]
        ).map(product)
    }

    private static func product(_ row: Row) -> Product {
        Product(
            sku: row[0], name: row[1], department: row[2], unitPrice: row[3], currency: Catalogue.currency, available: row[4])
    }
}

/// Stock.
extension InventoryStore {
    private static let stockColumns = "sku, seeded, on_hand, reserved, committed"

    static func stock(_ database: Database, sku: String) throws -> Stock? {
        try database.row("SELECT \(stockColumns) FROM stock WHERE sku = ?", [sku]).map(stock)
    }

    /// By SKU, those past `after`.
    static func stocks(_ database: Database, after: String?, limit: Int) throws -> [Stock] {
        try database.rows("SELECT \(stockColumns) FROM stock WHERE sku > ? ORDER BY sku LIMIT ?", [after ?? "", limit]).map(
            stock)
    }

    /// False, and nothing is moved, where the movement takes from available stock and there isn't enough.
    static func move(_ database: Database, _ movement: StockMovement, sku: String, quantity: Int) throws -> Bool {
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
            sku: row[0], seeded: row[1], onHand: onHand, reserved: reserved, committed: row[4], available: onHand - reserved)
    }
}

/// Reservations.
extension InventoryStore {
    private static let reservationColumns = "order_id, items, status, expires_at"

    static func reservation(_ database: Database, orderId: String) throws -> Reservation? {
        try database.row("SELECT \(reservationColumns) FROM reservations WHERE order_id = ?", [orderId]).map(reservation)
    }

    /// By order id, those past `after`; what is due counts as expired.
    static func reservations(
        _ database: Database, status: ReservationStatus?, at now: Timestamp, after: String?, limit: Int
    ) throws -> [ListedReservation] {
        let all = "SELECT \(reservationColumns) FROM reservations WHERE order_id > :after"
        // The `+` keeps SQLite from the index of what is due, which has another order.
        let condition =
            switch status {
            case nil: ""
            case .reserved: "AND status = 'reserved' AND +expires_at > :now"
            case .committed: "AND status = 'committed'"
            case .released: "AND status = 'released'"
            case .expired: "AND status = 'expired' UNION ALL \(all) AND status = 'reserved' AND +expires_at <= :now"
            }
        return try database.rows(
            "\(all) \(condition) ORDER BY order_id LIMIT :limit",
            ["after": after ?? "", "now": now.milliseconds, "limit": limit]
        ).map { ListedReservation(reservation: try reservation($0, items: []), items: $0[1]) }
    }

    private static let isReadable = "order_id NOT IN (SELECT value FROM json_each(?))"

    /// Those whose time is over and whose stock is still set aside, the oldest first.
    static func dueReservations(_ database: Database, _ due: Lapse.Due, limit: Int) throws -> [Reservation] {
        try database.rows(
            """
            SELECT \(reservationColumns) FROM reservations
            WHERE status = 'reserved' AND expires_at BETWEEN ? AND ? AND \(isReadable) ORDER BY expires_at LIMIT ?
            """,
            [due.from.milliseconds, due.upTo.milliseconds, due.unreadable.ids, limit]
        ).compactMap { row in
            do {
                return try reservation(row)
            } catch let error as DecodingError {
                due.unreadable.add(row[0], error)
                return nil
            }
        }
    }

    /// When the next one is over, or the first was.
    static func nextExpiry(_ database: Database, _ due: Lapse.Due) throws -> Timestamp? {
        try database.row(
            """
            SELECT expires_at FROM reservations
            WHERE status = 'reserved' AND expires_at >= ? AND \(isReadable) ORDER BY expires_at LIMIT 1
            """,
            [due.from.milliseconds, due.unreadable.ids]
        ).map { Timestamp(milliseconds: $0[0]) }
    }

    /// Writes a reservation, over the order's former one if there is one.
    static func save(_ database: Database, _ reservation: Reservation) throws {
        try database.run(
            """
            INSERT INTO reservations (order_id, items, status, expires_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (order_id) DO UPDATE
            SET items = excluded.items, status = excluded.status, expires_at = excluded.expires_at
            """,
            [
                reservation.orderId, try JSON.encode(reservation.items), reservation.status.rawValue,
                reservation.expiresAt.milliseconds,
            ])
    }

    /// Writes the status and expiry of a reservation that is there.
    static func update(_ database: Database, _ reservation: Reservation) throws {
        try database.run(
            "UPDATE reservations SET status = ?, expires_at = ? WHERE order_id = ?",
            [reservation.status.rawValue, reservation.expiresAt.milliseconds, reservation.orderId])
    }

    private static func reservation(_ row: Row) throws -> Reservation {
        try reservation(row, items: try JSON.decode([ReservedItem].self, from: row[1]))
    }

    private static func reservation(_ row: Row, items: [ReservedItem]) throws -> Reservation {
        let name: String = row[2]
        guard let status = ReservationStatus(rawValue: name) else {
            throw StoreError.failed(reason: "a reservation has the unknown status \(name)")
        }
        return Reservation(
            orderId: row[0], items: items, status: status, currency: Catalogue.currency,
            expiresAt: Timestamp(milliseconds: row[3]))
    }
}
