import Contracts
import Foundation
import GRDB
import Mutants
import Runtime
import Storage

/// The reservations, by order; ``ProductTable`` makes their table.
enum ReservationTable {
    static let lists = Store.Migration(
        "reservation-lists-1",
        "CREATE INDEX reservations_status ON reservations (status, order_id, expires_at)")

    private static let select = "SELECT order_id, items, status, expires_at FROM reservations"

    static func reservation(_ database: Database, orderId: String) throws -> Reservation? {
        try database.row("\(select) WHERE order_id = ?", [orderId]).map(reservation)
    }

    /// By order id; what is due counts as expired.
    static func list(_ store: Store, _ status: ReservationStatus?, at now: Timestamp) -> KeysetList {
        let (filters, others): (KeysetList.Filters, KeysetList.Filters?) =
            switch status {
            case .reserved: (["status = ?": "reserved", "expires_at > ?": now], nil)
            case .expired:
                (["status = ?": "expired"], ["status = ?": "reserved", "expires_at <= ?": now])
            default: (["status = ?": status?.rawValue], nil)
            }
        return KeysetList(store, select, by: "order_id", where: filters, or: others) { _, row in
            let listed = ListedReservation(
                reservation: try reservation(row, items: []).seen(at: now), items: row[1])
            return KeysetList.Item(bytes: listed.items.count) { try listed.encoded() }
        }
    }

    /// Expires those that are due, the oldest first, and frees their stock; about `limit` of them, where it
    /// is given.
    static func expire(_ database: Database, _ due: Lapse.Due, limit: Int? = nil) throws {
        let rows = try database.rows(
            """
            \(select) WHERE status = 'reserved' AND expires_at BETWEEN ? AND ? ORDER BY expires_at LIMIT ?
            """,
            [due.from, due.upTo, limit.map { $0 + due.unreadable.count } ?? -1])
        for row in rows {
            let read = { try Self.reservation(row) }
            let isStopped = Mutant.isOn(.inventoryStopsAtAnUnreadableRow)
            guard var reservation = try isStopped ? read() : due.unreadable.skip(row[0], read) else {
                continue
            }
            try StockTable.move(database, .free, reservation.items)
            reservation.status = .expired
            try update(database, reservation)
        }
    }

    /// When the next one is over, or the first was.
    static func nextExpiry(_ database: Database, _ due: Lapse.Due) throws -> Timestamp? {
        try database.rows(
            """
            SELECT order_id, expires_at FROM reservations
            WHERE status = 'reserved' AND expires_at >= ? ORDER BY expires_at LIMIT ?
            """,
            [due.from, due.unreadable.count + 1]
        ).first { !due.unreadable.contains($0[0]) }?[1]
    }

    static func save(_ database: Database, _ reservation: Reservation) throws {
        try database.run(
            """
            INSERT INTO reservations (order_id, items, status, expires_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (order_id) DO UPDATE
            SET items = excluded.items, status = excluded.status, expires_at = excluded.expires_at
            """,
            [
                reservation.orderId, try JSON.encode(reservation.items), reservation.status.rawValue,
                reservation.expiresAt,
            ])
    }

    static func update(_ database: Database, _ reservation: Reservation) throws {
        try database.run(
            "UPDATE reservations SET status = ?, expires_at = ? WHERE order_id = ?",
            [reservation.status.rawValue, reservation.expiresAt, reservation.orderId])
    }

    private static func reservation(_ row: Row) throws -> Reservation {
        try reservation(row, items: try JSON.decode([ReservedItem].self, from: row[1]))
    }

    private static func reservation(_ row: Row, items: [ReservedItem]) throws -> Reservation {
        Reservation(
            orderId: row[0], items: items, status: try row.choice(2), currency: Catalogue.currency,
            expiresAt: row[3])
    }
}
