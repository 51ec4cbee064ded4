import Contracts
import Foundation
import GRDB
import Mutants
import Runtime
import Storage

/// The table of reservations; ``ProductTable`` makes it.
enum ReservationTable {
    static let lists = Store.Migration(
        "reservation-lists-1",
        "CREATE INDEX reservations_status ON reservations (status, order_id, expires_at)")

    private static let reservationColumns = "order_id, items, status, expires_at"

    static func reservation(_ database: Database, orderId: String) throws -> Reservation? {
        try database.row("SELECT \(reservationColumns) FROM reservations WHERE order_id = ?", [orderId]).map(
            reservation)
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
            case .expired:
                "AND status = 'expired' UNION ALL \(all) AND status = 'reserved' AND +expires_at <= :now"
            }
        return try database.rows(
            "\(all) \(condition) ORDER BY order_id LIMIT :limit",
            ["after": after ?? "", "now": now.milliseconds, "limit": limit]
        ).map { ListedReservation(reservation: try reservation($0, items: []), items: $0[1]) }
    }

    private static let isReadable = "order_id NOT IN (SELECT value FROM json_each(?))"

    /// Those whose time is over and whose stock is still set aside, the oldest first.
    private static func dueReservations(_ database: Database, _ due: Lapse.Due, limit: Int) throws
        -> [Reservation]
    {
        try database.rows(
            """
            SELECT \(reservationColumns) FROM reservations
            WHERE status = 'reserved' AND expires_at BETWEEN ? AND ? AND \(isReadable) ORDER BY expires_at LIMIT ?
            """,
            [due.from.milliseconds, due.upTo.milliseconds, due.unreadable.ids, limit]
        ).compactMap { row in
            do {
                return try reservation(row)
            } catch let error as DecodingError where !Mutant.isOn(.inventoryStopsAtAnUnreadableRow) {
                due.unreadable.add(row[0], error)
                return nil
            }
        }
    }

    /// Expires those that are due, `limit` at most, and frees their stock.
    static func expire(_ database: Database, _ due: Lapse.Due, limit: Int) throws {
        for var reservation in try dueReservations(database, due, limit: limit) {
            try StockTable.move(database, .free, reservation.items)
            reservation.status = .expired
            try update(database, reservation)
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
