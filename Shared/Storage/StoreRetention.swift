package import Contracts
package import GRDB

/// Up to when a store has deleted what was old, by kind: anything older that is missing was deleted, not
/// lost.
package enum StoreRetention {
    static let migration = Store.Migration(
        "store-retention",
        """
        CREATE TABLE store_retention (
            what TEXT NOT NULL PRIMARY KEY,
            deleted_until INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """)

    /// In the transaction that deletes.
    package static func deleted(_ database: Database, _ what: String, until: Timestamp) throws {
        try database.run(
            """
            INSERT INTO store_retention (what, deleted_until) VALUES (?, ?)
            ON CONFLICT (what) DO UPDATE SET deleted_until = max(deleted_until, excluded.deleted_until)
            """,
            [what, until.milliseconds])
    }

    /// Nil: nothing was deleted.
    package static func deletedUntil(_ database: Database, _ what: String) throws -> Timestamp? {
        try database.row("SELECT deleted_until FROM store_retention WHERE what = ?", [what]).map {
            Timestamp(milliseconds: $0[0])
        }
    }
}
