import Contracts
import GRDB
import StackView
import Storage

/// The path as the services declared it last, so that a console that starts in an outage knows it.
struct PathStore: Sendable {
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

    struct Known {
        var path = DeclaredPath()
        /// Since when any of it is known, and the stack is watched; nil where no service ever answered.
        var since: Timestamp?
    }

    let store: Store

    func known() async throws -> Known { try await store.read { try Self.read($0) } }

    func save(_ path: DeclaredPath, at now: Timestamp) async throws -> Known {
        try await store.write("path") { database in
            for (caller, dependencies) in path.byCaller {
                try database.run(
                    """
                    INSERT INTO declared_path (caller, first_seen_at, dependencies) VALUES (?, ?, ?)
                    ON CONFLICT (caller) DO UPDATE SET dependencies = excluded.dependencies
                    """, [caller.rawValue, now, try JSON.encode(dependencies)])
            }
            return try Self.read(database)
        }
    }

    private static func read(_ database: Database) throws -> Known {
        var known = Known()
        for row in try database.rows("SELECT caller, dependencies, first_seen_at FROM declared_path") {
            guard let caller = ServiceName(rawValue: row[0]) else { continue }
            known.path.byCaller[caller] = try JSON.decode([DeclaredPath.Dependency].self, from: row[1])
            let seen: Timestamp = row[2]
            known.since = min(known.since ?? seen, seen)
        }
        return known
    }
}
