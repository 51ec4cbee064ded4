package import Contracts
import CrashPoints
package import GRDB
package import Resilience

/// One service's data: one SQLite file, which only its process opens.
///
/// Every write is on disk (`synchronous=FULL`) when its call returns. Reads see what was committed before
/// they began.
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

    /// How long a connection waits for a lock, in milliseconds.
    static let busyTimeout: Int32 = 5000
    /// How long a list may read. It takes milliseconds; what scans a store that has outgrown it must not keep
    /// the log.
    private static let longestList = Duration.seconds(1)

    /// Of the file; empty where there is none.
    package let path: String
    private let engine: any StoreEngine
    private let lists: ListTurns

    /// Opens `folder/name.sqlite`, making both where missing, and brings its schema up to date.
    ///
    /// A file of more than `checkedAtStart` bytes is looked at for damage afterwards: see
    /// ``StoreHealth/damaged(reason:)``.
    ///
    /// - Parameters:
    ///   - acceptingLoss: whether to go on with what the file holds, whatever else was acknowledged once.
    ///     From then on that is what the store is (a new epoch).
    ///   - longestLog: pages of the log from which on it is emptied by force.
    /// - Throws: ``StoreError`` when the folder is locked or unusable, the file is damaged, not ours, newer
    ///   than this code, or older than what was acknowledged. It is then as it was.
    package init(
        folder: String, name: String, migrations: [Migration], acceptingLoss: Bool = false,
        checkedAtStart: Int64 = StoreCheck.largestAtStart, longestLog: Int = GroupCommitWriter.longestLog
    ) throws {
        lists = ListTurns()
        let file = try FileEngine(
            folder: folder, name: name, migrations: migrations, acceptingLoss: acceptingLoss,
            checkedAtStart: checkedAtStart,
            longestLog: longestLog, lists: lists)
        engine = file
        path = file.path
    }

    /// A store on another engine, whose schema is up to date.
    package init(engine: any StoreEngine, time: TimeSource) {
        lists = ListTurns(time: time)
        self.engine = engine
        path = ""
    }

    /// Brings a schema up to date, by `migrations` and by what every store has.
    package static func migrator(_ migrations: [Migration]) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for migration in migrations + [StoreIdentity.migration, StoreRetention.migration] {
            migrator.registerMigration(migration.name) { try $0.execute(sql: migration.sql) }
        }
        return migrator
    }

    /// Which store this is, and how far it has come: never ahead of what is on disk.
    package var mark: StoreMark { engine.mark }

    /// Runs `body` in a transaction and returns once it is on disk.
    ///
    /// Waiting writers share one transaction, each in a savepoint: an error thrown by `body` undoes its own
    /// changes only. Cancelling the task neither stops nor undoes the write: what decides an order is
    /// decided. `body` may run on any thread and must not wait for anything but the database.
    /// - Parameter name: what is written, as a ``CrashPoint`` calls it.
    /// - Throws: what `body` throws; ``StoreError/full``, ``StoreError/unavailable(reason:)``,
    ///   ``StoreError/uncertain(reason:)`` or ``StoreError/failed(reason:)`` when the store can't keep it.
    package func write<Value: Sendable>(
        _ name: String = "something", _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await engine.write { database in
            let value = try body(database)
            CrashPoint.pass(.before, "commit \(name)")
            return value
        } committed: {
            CrashPoint.pass(.after, "commit \(name)")
        }
    }

    /// Runs `body` on a snapshot of what is committed; cancelling the task ends it with `CancellationError`.
    package func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws
        -> Value
    {
        try await engine.read(body)
    }

    /// Makes a list: one at a time, reading for at most a second each, so that no reader, however many there
    /// are, keeps the log from being emptied; and after each, none for as long as it took, so that lists
    /// leave the processor to others. What doesn't read single rows by their key belongs here.
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

    /// Copies what is committed now into a new file, readable by its owner alone, and returns its size once
    /// it is on disk.
    ///
    /// Nobody waits for it: readers and the writer go on, and what they commit meanwhile isn't in the copy.
    /// The file has its name when it is complete; until then it is `path.partial`.
    /// - Parameter reserve: bytes that must stay free on the copy's disk.
    /// - Throws: ``BackupRefusal``; ``StoreError/full`` or ``StoreError/failed(reason:)`` where the disk is
    ///   or does.
    package func backup(to path: String, leaving reserve: Int64 = 0) async throws -> Int64 {
        try await engine.backup(to: path, leaving: reserve)
    }

    /// How the disk is, by the last write; of a healthy store the file is read, and one that can't be written
    /// is tried again.
    package func health() async -> StoreHealth {
        switch engine.health {
        case .failed, .damaged: return engine.health
        case .full, .unavailable:
            // Only a write can tell that it is over, and a service that is unready gets none.
            try? await write { try $0.execute(sql: "PRAGMA user_version = 1") }
            return engine.health
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
    package func close() { engine.close() }
}
