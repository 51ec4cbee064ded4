import Contracts
import GRDB
import Resilience
import Storage

/// A table of last known values: one row each.
struct FallbackTable: Sendable {
    static let products = FallbackTable(name: "last_known_products", key: "sku", value: "product")
    static let coupons = FallbackTable(name: "last_known_coupons", key: "code", value: "coupon")

    let name: String
    let key: String
    let value: String

    /// - Parameter id: the migration's name.
    func migration(_ id: String) -> Store.Migration {
        Store.Migration(
            id,
            """
            CREATE TABLE \(name) (
                \(key) TEXT NOT NULL PRIMARY KEY,
                \(value) BLOB NOT NULL,
                known_at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            """
        )
    }
}

/// Last known values on disk.
struct FallbackTableStorage<Value: Codable & Sendable>: FallbackCacheStorage {
    let table: FallbackTable
    let store: Store

    func load() async throws -> [FallbackCacheEntry<String, Value>] {
        try await store.read { [table] database in
            // A row that can't be read is one value less, not an outage without any.
            try database.rows("SELECT \(table.key), \(table.value), known_at FROM \(table.name)").compactMap {
                row in
                (try? JSON.decode(Value.self, from: row[1])).map {
                    FallbackCacheEntry(key: row[0], value: $0, storedAt: row[2])
                }
            }
        }
    }

    func save(_ entries: [FallbackCacheEntry<String, Value>], removing keys: [String]) async throws {
        let entries = try entries.map {
            (key: $0.key, value: try JSON.encode($0.value), storedAt: $0.storedAt)
        }
        try await store.write("last known") { [table] database in
            for key in keys { try database.run("DELETE FROM \(table.name) WHERE \(table.key) = ?", [key]) }
            for entry in entries {
                try database.run(
                    """
                    INSERT INTO \(table.name) (\(table.key), \(table.value), known_at) VALUES (?, ?, ?)
                    ON CONFLICT (\(table.key)) DO UPDATE
                    SET \(table.value) = excluded.\(table.value), known_at = excluded.known_at
                    """,
                    [entry.key, entry.value, entry.storedAt])
            }
        }
    }
}
