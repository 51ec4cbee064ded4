package import Contracts
import CrashPoints
package import GRDB
import Instrumentation
package import Resilience
import Telemetry

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
    /// How long a list may read. Usually it takes milliseconds; one that scans a store that has outgrown it
    /// must not hold the log.
    private static let longestList = Duration.seconds(1)

    /// Of the file; empty where there is none.
    package let path: String
    private let engine: any StoreEngine
    private let lists: ListTurns

    /// Opens `folder/name.sqlite`, creating both where missing, and brings its schema up to date.
    ///
    /// A file of more than `checkedAtStart` bytes is checked for damage afterwards: see
    /// ``StoreHealth/damaged(reason:)``.
    ///
    /// - Parameters:
    ///   - acceptingLoss: whether to go on with what the file holds, whatever else was acknowledged once.
    ///     That begins a new epoch.
    ///   - longestLog: the log is emptied by force when it has more pages than this.
    /// - Throws: ``StoreError`` when the folder is locked or unusable, the file is damaged, not ours, newer
    ///   than this code, or older than what was acknowledged. The file is then unchanged.
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
    /// changes only. Cancelling the task neither stops nor undoes the write. `body` may run on any thread and
    /// must not wait for anything but the database.
    /// - Parameter name: what is written, as a ``CrashPoint`` calls it.
    /// - Throws: what `body` throws; ``StoreError/full``, ``StoreError/unavailable(reason:)``,
    ///   ``StoreError/uncertain(reason:)`` or ``StoreError/failed(reason:)`` when the store can't keep it.
    package func write<Value: Sendable>(
        _ name: String = "something", _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await ServiceSpan.within("write \(name)") { (span) async throws(any Error) in
            // The writer's thread is no part of the caller's task.
            let context = InstrumentationContext.current
            do {
                return try await engine.write { database in
                    let value = try InstrumentationContext.withValue(context) { try body(database) }
                    CrashPoint.pass(.before, "commit \(name)")
                    return value
                } committed: {
                    CrashPoint.pass(.after, "commit \(name)")
                }
            } catch {
                span?.fail("\(type(of: error))")
                throw error
            }
        }
    }

    /// Runs `body` on a snapshot of what is committed; cancelling the task ends it with `CancellationError`.
    package func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws
        -> Value
    {
        try await engine.read(body)
    }

    /// Makes a list. Lists run one at a time and read for at most a second each, so that readers, however
    /// many there are, don't keep the log from being emptied; after each there is none for as long as it
    /// took, so that lists leave the processor to others. Everything but reading single rows by their key
    /// belongs here.
    /// - Parameters:
    ///   - deadline: the caller's, waiting for the turn included.
    ///   - answer: turns the rows into what is sent, once reading has ended.
    /// - Throws: ``StoreError/tooSlow`` when the deadline passes, or the second.
    package func list<Rows: Sendable, Answer: Sendable>(
        until deadline: Deadline, _ body: @escaping @Sendable (Database) throws -> Rows,
        answer: @Sendable (Rows) async throws -> Answer
    ) async throws -> Answer {
        try await lists.list { [self] in
            let rows = try await read { database in
                // Counted from when it begins to read.
                try ReadLimit(min(deadline, .after(Self.longestList))).run(database, body)
            }
            return try await answer(rows)
        }
    }

    /// Copies what is committed now into a new file, readable by its owner alone, and returns its size once
    /// it is on disk.
    ///
    /// Nothing waits for it: readers and the writer go on, and what they commit meanwhile isn't in the copy.
    /// The file has its name when it is complete; until then it is `path.partial`.
    /// - Parameter reserve: bytes that must stay free on the copy's disk.
    /// - Throws: ``BackupRefusal``; ``StoreError/full`` or ``StoreError/failed(reason:)`` when the disk is
    ///   full or fails.
    package func backup(to path: String, leaving reserve: Int64 = 0) async throws -> Int64 {
        try await engine.backup(to: path, leaving: reserve)
    }

    /// The health by the last write. A healthy store's file is read first; to an unhealthy one a write is
    /// tried.
    package func health() async -> StoreHealth {
        switch engine.health {
        case .failed, .damaged: return engine.health
        case .full, .unavailable:
            // Only a write can tell that the outage is over, and an unready service is sent none.
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
