import CrashPoints
import Foundation
package import GRDB

/// One service's SQLite file: the only process that opens it, one connection that writes, a few that read.
///
/// Every write is on disk (`synchronous=FULL`) when its call returns. Reads see what was committed before they began.
package final class Store: Sendable {
    /// One step of the schema; steps are applied in order, once each, and never edited after a release.
    package struct Migration: Sendable {
        package var name: String
        package var sql: String

        package init(_ name: String, _ sql: String) {
            self.name = name
            self.sql = sql
        }
    }

    package let path: String
    private let pool: DatabasePool
    private let writer: GroupCommitWriter
    private let lock: FolderLock

    /// Opens `folder/name.sqlite`, making both where missing, and brings its schema up to date.
    ///
    /// - Throws: ``StoreError`` when the folder is locked or unusable, the file is not ours, or newer than this code.
    package init(folder: String, name: String, migrations: [Migration]) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw StoreError.unusable(path: folder, reason: "the folder can't be made")
        }
        lock = try FolderLock(folder: folder)
        path = folder + "/\(name).sqlite"
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(5)
            configuration.maximumReaderCount = 4
            pool = try DatabasePool(path: path, configuration: configuration)
            // DatabasePool leaves its writer at NORMAL, whatever a prepareDatabase block says: its WAL set-up runs later.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try Self.migrate(pool, path: path, with: migrations)
        } catch let error as DatabaseError {
            throw StoreError.unusable(path: path, reason: error.message ?? "\(error.resultCode)")
        }
        writer = GroupCommitWriter(pool: pool)
    }

    private static func migrate(_ pool: DatabasePool, path: String, with migrations: [Migration]) throws {
        var migrator = DatabaseMigrator()
        for migration in migrations {
            migrator.registerMigration(migration.name) { try $0.execute(sql: migration.sql) }
        }
        guard try !pool.read(migrator.hasBeenSuperseded) else { throw StoreError.newer(path: path) }
        try migrator.migrate(pool)
    }

    /// Runs `body` in a transaction and returns once it is on disk.
    ///
    /// Waiting writers share one transaction, each in a savepoint: an error thrown by `body` undoes its own changes only.
    /// Cancelling the task neither stops nor undoes the write: what decides an order is decided.
    /// `body` may run on any thread and must not wait for anything but the database.
    /// - Parameter name: what is written, as a ``CrashPoint`` calls it.
    /// - Throws: what `body` throws; ``StoreError/full`` or ``StoreError/failed(reason:)`` when the disk does.
    package func write<Value: Sendable>(
        _ name: String = "something", _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await writer.write { database in
            let value = try body(database)
            CrashPoint.pass(.before, "commit \(name)")
            return value
        } committed: {
            CrashPoint.pass(.after, "commit \(name)")
        }
    }

    /// Runs `body` on a snapshot of what is committed; cancelling the task ends it with `CancellationError`.
    package func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await pool.read(body)
        } catch {
            throw StoreError.translating(error)
        }
    }

    /// Whether the file can be read, and the last write didn't fail for the disk's sake.
    package func isHealthy() async -> Bool {
        guard writer.lastWriteSucceeded else {
            // Only a write can tell that the disk is well again, and a service that is unready gets none.
            return (try? await write { try $0.execute(sql: "PRAGMA user_version = 1") }) != nil
        }
        return (try? await read { try Int.fetchOne($0, sql: "SELECT 1") }) == 1
    }

    /// Lets the writes that wait finish, then closes the file and lets go of the folder; later calls throw.
    package func close() {
        writer.finish()
        try? pool.close()
        lock.release()
    }
}
