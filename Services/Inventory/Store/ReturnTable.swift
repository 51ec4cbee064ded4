import Contracts
import GRDB
import Storage

/// What came back of orders, by the id of each return: kept so that a repeat puts nothing back twice.
enum ReturnTable {
    static let migration = Store.Migration(
        "returns-1",
        """
        CREATE TABLE returns (
            id TEXT NOT NULL PRIMARY KEY,
            order_id TEXT NOT NULL REFERENCES reservations (order_id),
            items BLOB NOT NULL
        ) STRICT;
        """
    )

    static func takenBack(_ database: Database, id: String) throws -> (
        orderId: String, items: [ItemQuantity]
    )? {
        try database.row("SELECT order_id, items FROM returns WHERE id = ?", [id]).map {
            ($0[0], try JSON.decode([ItemQuantity].self, from: $0[1]))
        }
    }

    static func insert(_ database: Database, returned items: [ItemQuantity], id: String, orderId: String)
        throws
    {
        try database.run(
            "INSERT INTO returns (id, order_id, items) VALUES (?, ?, ?)",
            [id, orderId, try JSON.encode(items)])
    }
}
