package import Contracts
import CrashPoints
import Foundation
package import GRDB
package import Resilience

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

    /// Connections that read.
    private static let readers = 4
    /// How long a connection waits for a lock, in milliseconds.
    static let busyTimeout: Int32 = 5000
    /// How long a list may read. It takes milliseconds; what scans a store that has outgrown it must not keep the log.
    private static let longestList = Duration.seconds(1)

    package let path: String
    private let pool: DatabasePool
    private let writer: GroupCommitWriter
    private let lists = ListTurns()
    private let check: StoreCheck
    private let counter: StoreCounterFile
    private let lock: FolderLock

    /// Opens `folder/name.sqlite`, making both where missing, and brings its schema up to date.
    ///
    /// A file of more than `checkedAtStart` bytes is looked at for damage afterwards: see ``StoreHealth/damaged(reason:)``.
    ///
    /// - Parameters:
    ///   - acceptingLoss: whether to go on with what the file holds, whatever else was acknowledged once. From then on that is
    ///     what the store is (a new epoch).
    ///   - longestLog: pages of the log from which on it is emptied by force.
    /// - Throws: ``StoreError`` when the folder is locked or unusable, the file is damaged, not ours, newer than this code, or
    ///   older than what was acknowledged. It is then as it was.
    package init(
        folder: String, name: String, migrations: [Migration], acceptingLoss: Bool = false,
        checkedAtStart: Int64 = StoreCheck.largestAtStart, longestLog: Int = GroupCommitWriter.longestLog
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
            configuration.busyMode = .timeout(Double(Self.busyTimeout) / 1000)
            configuration.maximumReaderCount = Self.readers
            TemporaryStorage.keepInMemory(&configuration)
            let migrator = Self.migrator(migrations)
            let held = try Self.inspect(path, migrator, configuration, checksAll: isCheckDue)
            mark = try StoreIdentity.opened(
                held, known: StoreCounterFile.read(counterPath), path: path, counter: counterPath, acceptingLoss: acceptingLoss)
            // A new file is its owner's alone (customers and payment tokens are in it); SQLite gives its log the same mode.
            if !FileManager.default.fileExists(atPath: path) {
                // Where it can't be made, SQLite says why.
                _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            // DatabasePool leaves its writer at NORMAL, whatever a prepareDatabase block says: its WAL set-up runs later.
            // Checkpoints are the writer's own affair: SQLite's automatic ones keep their failures to themselves.
            // A log that has been longer is cut when it begins anew.
            let settings = """
                PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = \(longestLog * 4096)
                """
            try pool.writeWithoutTransaction { try $0.execute(sql: settings) }
            // After a failed sync the log's last pages may be in memory only, and look as if they were on disk. Copied into the
            // file they are written and synced anew, before anything relies on them.
            _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            try migrator.migrate(pool)
            try TemporaryStorage.check(pool, path: path, readers: Self.readers)
            // First in the counter: a store that says who it is has one, wherever the process is killed.
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

    private static func migrator(_ migrations: [Migration]) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for migration in migrations + [StoreIdentity.migration, StoreRetention.migration] {
            migrator.registerMigration(migration.name) { try $0.execute(sql: migration.sql) }
        }
        return migrator
    }

    /// Looks at the schema, and where that is due at every page, and answers what the store says of itself. Over a connection
    /// that can't write: what is not ours to use is left as it is, its log too.
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

    /// Which store this is, and how far it has come: never ahead of what is on disk.
    package var mark: StoreMark { writer.mark }

    /// Runs `body` in a transaction and returns once it is on disk.
    ///
    /// Waiting writers share one transaction, each in a savepoint: an error thrown by `body` undoes its own changes only.
    /// Cancelling the task neither stops nor undoes the write: what decides an order is decided.
    /// `body` may run on any thread and must not wait for anything but the database.
    /// - Parameter name: what is written, as a ``CrashPoint`` calls it.
    /// - Throws: what `body` throws; ``StoreError/full``, ``StoreError/unavailable(reason:)``, ``StoreError/uncertain(reason:)``
    ///   or ``StoreError/failed(reason:)`` when the store can't keep it.
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

    /// Makes a list: one at a time, reading for at most a second each, so that no reader, however many there are, keeps the log
    /// from being emptied; and after each, none for as long as it took, so that lists leave the processor to others. What doesn't
    /// read single rows by their key belongs here.
    /// - Parameters:
    ///   - deadline: of whatever waits for it, its turn included.
    ///   - answer: makes of the rows what is sent, when reading has ended.
    /// - Throws: ``StoreError/tooSlow`` when either is over.
    package func list<Rows: Sendable, Answer: Sendable>(
        until deadline: Deadline, _ body: @escaping @Sendable (Database) throws -> Rows,
        answer: @Sendable (Rows) async throws -> Answer
    ) async throws -> Answer {
        try await lists.list { [self] in
            let rows = try await read { database in
                // From the moment when it begins to read.
                try ReadLimit(min(deadline, .after(Self.longestList))).run(database, body)
            }
            return try await answer(rows)
        }
    }

    /// Copies what is committed now into a new file, readable by its owner alone, and returns its size once it is on disk.
    ///
    /// Nobody waits for it: readers and the writer go on, and what they commit meanwhile isn't in the copy. The file has its
    /// name when it is complete; until then it is `path.partial`.
    /// - Parameter reserve: bytes that must stay free on the copy's disk.
    /// - Throws: ``BackupRefusal``; ``StoreError/full`` or ``StoreError/failed(reason:)`` where the disk is or does.
    package func backup(to path: String, leaving reserve: Int64 = 0) async throws -> Int64 {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async { [pool] in
                continuation.resume(with: Result { try StoreCopy(path: path).make(of: pool, leaving: reserve) })
            }
        }
    }

    /// How the disk is, by the last write; of a healthy store the file is read, and one that can't be written is tried again.
    package func health() async -> StoreHealth {
        switch writer.health {
        case .failed, .damaged: return writer.health
        case .full, .unavailable:
            // Only a write can tell that it is over, and a service that is unready gets none.
            try? await write { try $0.execute(sql: "PRAGMA user_version = 1") }
            return writer.health
        case .healthy:
            do {
                _ = try await read { try Int.fetchOne($0, sql: "SELECT 1") }
                return .healthy
            } catch StoreError.unavailable(let reason) {
                return .unavailable(reason: reason)
            } catch {
                return .failed(reason: "\(error)")
            }
        }
    }

    /// Lets the writes that wait finish, then closes the file and lets go of the folder; later calls throw.
    package func close() {
        check.stop()
        writer.finish()
        // So that a stopped store is one file. After a failure the log stays as it is, as after a crash: nothing is copied
        // out of it and removed on a disk whose syncs may lie.
        if writer.health == .healthy { _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
        try? pool.close()
        counter.close()
        lock.release()
    }
}
