import Dispatch
import Foundation
import GRDB
import Resilience

/// Keeps SQLite's temporary data in memory: journals of savepoints (above 64 KiB in a file otherwise), sorts,
/// temporary tables. A service may not write outside its folder, and opening a file fails when no descriptor
/// is left.
enum TemporaryStorage {
    /// `PRAGMA temp_store`'s number for memory.
    private static let memory = 2

    /// On every connection that is opened.
    static func keepInMemory(_ configuration: inout Configuration) {
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA temp_store = MEMORY") }
    }

    /// Asks each connection for the setting, and has the writer undo a savepoint with a journal of 256 KiB;
    /// nothing is written to the file.
    ///
    /// Afterwards all `readers` are open: reading needs no more descriptors.
    /// - Throws: ``StoreError/unusable(path:reason:)`` where SQLite would need a file.
    static func check(_ pool: DatabasePool, path: String, readers: Int) throws {
        do {
            var settings = try settingsOfReaders(pool, count: readers)
            try pool.writeWithoutTransaction { database in
                settings.append(try setting(of: database))
                try undoLargeSavepoint(database)
            }
            guard settings.allSatisfy({ $0 == memory }) else {
                throw unusable(path, "temp_store is \(settings)")
            }
        } catch let error as DatabaseError {
            throw unusable(path, "\(error.message ?? "no reason given") (\(error.extendedResultCode))")
        }
    }

    private static func unusable(_ path: String, _ reason: String) -> StoreError {
        .unusable(path: path, reason: "SQLite doesn't keep temporary data in memory here: \(reason)")
    }

    private static func setting(of database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "PRAGMA temp_store") ?? -1
    }

    /// Each reader waits for all others, so that each has a connection of its own. They run on threads: the
    /// pool of dispatch queues has too few at the start.
    private static func settingsOfReaders(_ pool: DatabasePool, count: Int) throws -> [Int] {
        let settings = Locked<[Result<Int, any Error>]>([])
        let reading = DispatchGroup()
        let done = DispatchGroup()
        // All readers enter before the first begins: it would find no other to wait for, and the next would
        // get its connection.
        for group in [reading, done] { for _ in 0..<count { group.enter() } }
        for _ in 0..<count {
            Thread.detachNewThread {
                var isReading = false
                let answer = Result {
                    try pool.read { database in
                        isReading = true
                        reading.leave()
                        reading.wait()
                        return try setting(of: database)
                    }
                }
                if !isReading { reading.leave() }
                settings.withLock { $0.append(answer) }
                done.leave()
            }
        }
        done.wait()
        return try settings.withLock { try $0.map { try $0.get() } }
    }

    private static func undoLargeSavepoint(_ database: Database) throws {
        try database.inTransaction(.immediate) {
            // One row fills a page.
            try database.execute(
                sql: """
                    CREATE TABLE temporary_storage (content BLOB);
                    WITH RECURSIVE row(number) AS (
                        SELECT 1 UNION ALL SELECT number + 1 FROM row WHERE number < 64)
                    INSERT INTO temporary_storage SELECT zeroblob(4000) FROM row;
                    """)
            try database.inSavepoint {
                try database.execute(sql: "UPDATE temporary_storage SET content = randomblob(4000)")
                return .rollback
            }
            return .rollback
        }
    }
}
