import GRDBSQLite
import Queue
import Storage

/// The same table and statements as ours, through SQLite's C interface alone.
final class RawQueue {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let database: OpaquePointer
    private let claiming: OpaquePointer
    private let removing: OpaquePointer

    init(path: String) throws {
        var opened: OpaquePointer?
        guard sqlite3_open(path, &opened) == SQLITE_OK, let opened else {
            throw Failure(description: "\(path) can't be opened")
        }
        database = opened
        try Self.run(
            opened,
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; " + DurableQueue.migration.sql
                + DurableQueue.counts.sql + DurableQueue.traces.sql)
        claiming = try Self.prepare(opened, LaneClaims.claimSQL)
        removing = try Self.prepare(opened, "DELETE FROM queue WHERE id = ? AND owner = ? AND attempt = ?")
    }

    deinit {
        sqlite3_finalize(claiming)
        sqlite3_finalize(removing)
        sqlite3_close(database)
    }

    func run(_ sql: String) throws { try Self.run(database, sql) }

    /// Acknowledges the last claim and claims the next batch, in one transaction, until nothing is left.
    /// - Returns: how many were claimed.
    func drain(batch: Int) throws -> Int {
        var claimed: [(id: Int64, attempt: Int64)] = []
        var count = 0
        repeat {
            try run("BEGIN IMMEDIATE")
            for (id, attempt) in claimed {
                sqlite3_bind_int64(removing, 1, id)
                sqlite3_bind_int64(removing, 2, 1)
                sqlite3_bind_int64(removing, 3, attempt)
                guard sqlite3_step(removing) == SQLITE_DONE else {
                    throw Failure(description: "the removal failed")
                }
                sqlite3_reset(removing)
            }
            claimed = try claim(batch)
            try run("COMMIT")
            count += claimed.count
        } while !claimed.isEmpty
        return count
    }

    private func claim(_ limit: Int) throws -> [(id: Int64, attempt: Int64)] {
        let numbers: [(String, Int64)] = [
            (":now", 2_000_000), (":limit", Int64(limit)), (":owner", 1), (":end", 2_030_000),
        ]
        for (name, value) in numbers {
            sqlite3_bind_int64(claiming, sqlite3_bind_parameter_index(claiming, name), value)
        }
        defer { sqlite3_reset(claiming) }
        return try "lane".withCString { lane in
            sqlite3_bind_text(claiming, sqlite3_bind_parameter_index(claiming, ":lane"), lane, 4, nil)
            var rows: [(id: Int64, attempt: Int64)] = []
            while true {
                switch sqlite3_step(claiming) {
                case SQLITE_ROW:
                    rows.append((sqlite3_column_int64(claiming, 0), sqlite3_column_int64(claiming, 9)))
                case SQLITE_DONE: return rows
                default: throw Failure(description: "the claim failed")
                }
            }
        }
    }

    private static func run(_ database: OpaquePointer, _ sql: String) throws {
        guard sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else {
            throw Failure(description: String(cString: sqlite3_errmsg(database)))
        }
    }

    private static func prepare(_ database: OpaquePointer, _ sql: String) throws -> OpaquePointer {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK, let statement else {
            throw Failure(description: String(cString: sqlite3_errmsg(database)))
        }
        return statement
    }
}
