import Contracts
import Foundation
import GRDB
import Resilience

/// A store's SQLite file: the only process that opens it, one connection that writes, a few that read.
final class FileEngine: StoreEngine {
    /// Connections that read.
    private static let readers = 4

    let path: String
    private let pool: DatabasePool
    private let writer: GroupCommitWriter
    private let check: StoreCheck
    private let counter: StoreCounterFile
    private let lock: FolderLock

    /// Opens the file as ``Store/init(folder:name:migrations:acceptingLoss:checkedAtStart:longestLog:)``
    /// says.
    ///
    /// - Parameter lists: what waits while the log is emptied.
    init(
        folder: String, name: String, migrations: [Store.Migration], acceptingLoss: Bool,
        checkedAtStart: Int64,
        longestLog: Int, lists: ListTurns
    ) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw StoreError.unusable(path: folder, reason: "the folder can't be made")
        }
        lock = try FolderLock(folder: folder)
        path = folder + "/\(name).sqlite"
        let counterPath = folder + "/\(name).counter"
        let mark: StoreMark
        var configuration = Configuration()
        let isCheckDue = StoreCheck.isDueAtStart(path, upTo: checkedAtStart)
        do {
            configuration.busyMode = .timeout(Double(Store.busyTimeout) / 1000)
            configuration.maximumReaderCount = Self.readers
            TemporaryStorage.keepInMemory(&configuration)
            let migrator = Store.migrator(migrations)
            let held = try Self.inspect(path, migrator, configuration, checksAll: isCheckDue)
            mark = try StoreIdentity.opened(
                held, known: StoreCounterFile.read(counterPath), path: path, counter: counterPath,
                acceptingLoss: acceptingLoss)
            // A new file is readable by its owner alone (customers and payment tokens are in it); SQLite
            // gives its log the same mode.
            if !FileManager.default.fileExists(atPath: path) {
                // Where it can't be created, SQLite says why.
                _ = FileManager.default.createFile(
                    atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            // DatabasePool leaves its writer at NORMAL, whatever a prepareDatabase block says, because its
            // WAL set-up runs later. The writer makes the checkpoints itself, since SQLite's automatic ones
            // report no failure. A log that has been longer is cut when it begins anew.
            let settings = """
                PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
                PRAGMA journal_size_limit = \(longestLog * 4096)
                """
            try pool.writeWithoutTransaction { try $0.execute(sql: settings) }
            // After a failed sync the log's last pages may be in memory only, and look as if they were on
            // disk. Copied into the file they are written and synced anew, before anything relies on them.
            _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            try migrator.migrate(pool)
            try TemporaryStorage.check(pool, path: path, readers: Self.readers)
            // The counter first: a store with an identity has one, wherever the process is killed.
            counter = try StoreCounterFile(path: counterPath, mark)
            if held?.mark != mark || held?.isCopy == true {
                try pool.writeWithoutTransaction { try StoreIdentity.write(mark, in: $0) }
            }
        } catch let error as DatabaseError {
            throw StoreError.unusable(path: path, reason: error.message ?? "\(error.resultCode)")
        }
        let log = StoreLog(path: path)
        check = StoreCheck(path: path, configuration: configuration)
        writer = GroupCommitWriter(
            pool: pool, mark: mark, counter: counter, lists: lists, longestLog: longestLog,
            onLongLog: { [check] in check.giveWay() }, onChange: { log.changed(to: $0) })
        if !isCheckDue { check.start { [writer] in writer.isDamaged($0) } }
    }

    /// Checks the schema, and where that is due every page, and returns the store's identity. It reads over a
    /// connection that can't write: a file that isn't ours is left as it is, its log too.
    private static func inspect(
        _ path: String, _ migrator: DatabaseMigrator, _ configuration: Configuration, checksAll: Bool
    ) throws -> StoreIdentity? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        var configuration = configuration
        configuration.readonly = true
        let reader = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? reader.close() }
        return try reader.read { database in
            if checksAll { try StoreCheck.checkAll(database, path: path) }
            guard try !migrator.hasBeenSuperseded(database) else { throw StoreError.newer(path: path) }
            return try StoreIdentity(in: database)
        }
    }

    var mark: StoreMark { writer.mark }
    var health: StoreHealth { writer.health }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value, committed: @escaping @Sendable () -> Void
    ) async throws -> Value {
        try await writer.write(body, committed: committed)
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await pool.read(body)
        } catch {
            throw StoreError.translating(error)
        }
    }

    func backup(to path: String, leaving reserve: Int64) async throws -> Int64 {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async { [pool] in
                continuation.resume(
                    with: Result { try StoreCopy(path: path).make(of: pool, leaving: reserve) })
            }
        }
    }

    func close() {
        check.stop()
        writer.finish()
        // So that a stopped store is one file. After a failure the log is left as a crash would leave it:
        // nothing is copied out of it and removed on a disk whose syncs may lie.
        if writer.health == .healthy {
            _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        }
        try? pool.close()
        counter.close()
        lock.release()
    }
}
