import Contracts
import GRDB
import StackView
import Storage

/// The path as the services declared it last, so that a console that starts in an outage knows it.
enum PathTable {
    static let migration = Store.Migration(
        "declared-path-1",
        """
        CREATE TABLE declared_path (
            caller TEXT NOT NULL PRIMARY KEY,
            first_seen_at INTEGER NOT NULL,
            dependencies BLOB NOT NULL
        ) STRICT;
        """
    )

    static func save(_ database: Database, _ path: DeclaredPath, at now: Timestamp) throws {
        for (caller, dependencies) in path.byCaller {
            try database.run(
                """
                INSERT INTO declared_path (caller, first_seen_at, dependencies) VALUES (?, ?, ?)
                ON CONFLICT (caller) DO UPDATE SET dependencies = excluded.dependencies
                """, [caller.rawValue, now, try JSON.encode(dependencies)])
        }
    }

    /// The path, and since when any of it is known; nil before the first.
    static func read(_ database: Database) throws -> (path: DeclaredPath, since: Timestamp)? {
        let rows = try database.rows("SELECT caller, dependencies, first_seen_at FROM declared_path")
        var path = DeclaredPath()
        for row in rows {
            guard let caller = ServiceName(rawValue: row[0]) else { continue }
            path.byCaller[caller] = try JSON.decode([DeclaredPath.Dependency].self, from: row[1])
        }
        return rows.map { $0[2] as Timestamp }.min().map { (path, $0) }
    }
}
