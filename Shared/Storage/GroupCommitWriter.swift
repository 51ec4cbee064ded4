import Contracts
import Dispatch
import GRDB
import GRDBSQLite
import Resilience

/// Puts all writers that wait at one time into one transaction, so that they share one wait for the disk.
///
/// The work runs on a private queue and only continuations touch the callers' tasks, so cancelling a task
/// can't roll a transaction back (GRDB's own `write` would).
final class GroupCommitWriter: Sendable {
    /// How many writers share a transaction at most: beyond that the gain is small and the first one's wait
    /// grows.
    static let largestGroup = 64

    /// How many pages the log grows by before they are copied into the file: SQLite's own default.
    static let pagesBetweenCheckpoints: Int32 = 1000

    /// How many pages the log may have before lists are held up to empty it (16 MiB).
    static let longestLog = 4000

    /// How long a commit waits for readers at most while the log is emptied, in milliseconds; it may have to
    /// wait twice.
    private static let busyTimeout: Int32 = 100

    private struct Waiting: Sendable {
        /// Runs the caller's body; returns what tells the caller once the transaction is on disk.
        let run: @Sendable (Database) throws -> Settlement
        let fail: @Sendable (any Error) -> Void
    }
    private typealias Settlement = @Sendable () -> Void

    private struct State {
        var waiting: [Waiting] = []
        var isDraining = false
        var isClosed = false
        var health = StoreHealth.healthy
        /// What is on disk.
        var mark: StoreMark
        /// Written to the log since the last checkpoint.
        var pagesInLog: Int32 = 0
        /// How many pages the log has when it is next emptied by force.
        var emptiedAt: Int
    }

    private let pool: DatabasePool
    private let counter: StoreCounterFile
    private let lists: ListTurns
    private let longestLog: Int
    private let onLongLog: @Sendable () -> Void
    private let onChange: @Sendable (StoreHealth) -> Void
    private let queue = DispatchQueue(label: "store.writer", qos: .userInitiated)
    private let state: Locked<State>

    /// - Parameters:
    ///   - mark: the store's, which `counter` has already.
    ///   - lists: what has to wait while the log is emptied.
    ///   - longestLog: in pages.
    ///   - onLongLog: called when the log is longer than that, so that long reads give way.
    ///   - onChange: called with each new health.
    init(
        pool: DatabasePool, mark: StoreMark, counter: StoreCounterFile, lists: ListTurns, longestLog: Int,
        onLongLog: @escaping @Sendable () -> Void, onChange: @escaping @Sendable (StoreHealth) -> Void
    ) {
        self.pool = pool
        self.counter = counter
        self.lists = lists
        self.longestLog = longestLog
        self.onLongLog = onLongLog
        state = Locked(State(mark: mark, emptiedAt: longestLog))
        self.onChange = onChange
    }

    var health: StoreHealth { state.withLock { $0.health } }
    /// How far the store has come, on disk.
    var mark: StoreMark { state.withLock { $0.mark } }

    /// - Parameter committed: called once it is on disk, before the caller is told.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value, committed: @escaping @Sendable () -> Void
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            submit(
                Waiting(
                    run: { database in
                        let value = try body(database)
                        return {
                            committed()
                            continuation.resume(returning: value)
                        }
                    },
                    fail: { continuation.resume(throwing: StoreError.translating($0)) }
                ))
        }
    }

    private func submit(_ writer: Waiting) {
        let (isClosed, mustDrain) = state.withLock { state in
            guard !state.isClosed else { return (true, false) }
            state.waiting.append(writer)
            defer { state.isDraining = true }
            return (false, !state.isDraining)
        }
        if isClosed { writer.fail(StoreError.closed) }
        if mustDrain { queue.async { self.drain() } }
    }

    private func drain() {
        while true {
            let group: [Waiting] = state.withLock { state in
                let group = Array(state.waiting.prefix(Self.largestGroup))
                state.waiting.removeFirst(group.count)
                if group.isEmpty { state.isDraining = false }
                return group
            }
            if group.isEmpty { return }
            commit(group)
        }
    }

    /// One transaction for the whole group. No writer is told of success before the commit is on disk; if the
    /// transaction as a whole fails, all its writers are told. After a failure of the disk nothing is tried
    /// any more.
    private func commit(_ group: [Waiting]) {
        if let reason = health.finalReason {
            return settle(group, group.map { _ in .failure(StoreError.failed(reason: reason)) })
        }
        var outcomes: [Result<Settlement, any Error>] = []
        var isCommit = false
        var mark = mark
        do {
            try pool.writeWithoutTransaction { database in
                let changes = database.totalChangesCount
                try database.inTransaction(.immediate) {
                    outcomes = try group.map { try attempt($0, in: database) }
                    // A group that only read costs no sync.
                    if database.totalChangesCount > changes {
                        mark.commits += 1
                        try StoreIdentity.count(mark.commits, in: database)
                    }
                    isCommit = true
                    return .commit
                }
                wrote(database.takePagesWritten())
            }
        } catch {
            failed(error)
            let error = StoreError.translating(error, isCommit: isCommit)
            return settle(group, group.map { _ in .failure(error) })
        }
        keep(mark)
        settle(group, outcomes)
        if state.withLock({ $0.pagesInLog >= Self.pagesBetweenCheckpoints }) { checkpoint() }
    }

    /// The commit is on disk; the counter records it before any caller is told.
    private func keep(_ mark: StoreMark) {
        guard mark != self.mark else { return }
        counter.write(mark)
        state.withLock { $0.mark = mark }
    }

    /// Copies the log into the file, once all callers whose writes are in it have been told. If the disk
    /// fails, nothing more is written: the log is all there is of those pages, and a second try that succeeds
    /// would throw it away. After a failure that passes, the checkpoint is tried again after the next commit:
    /// SQLite counts pages as copied only when the file is synced, so it begins anew.
    ///
    /// SQLite begins the log anew only when all of it is copied and no reader is in it, which overlapping
    /// readers can prevent for ever. So a log that has become long is emptied between two lists.
    private func checkpoint() {
        do {
            let pages = try pool.writeWithoutTransaction { try $0.checkpoint(.passive) }.walFrameCount
            let isLong = state.withLock { state in
                state.pagesInLog = 0
                return pages >= state.emptiedAt
            }
            guard isLong else { return }
            onLongLog()
            lists.between { [self] done in
                queue.async {
                    self.emptyLog(of: pages)
                    done()
                }
            }
        } catch {
            failed(error)
        }
    }

    /// Waits for the readers that are still in the log: they read single rows, and new ones read the file. If
    /// a long reader stays, such as a backup, this is tried again when the log is twice as long.
    private func emptyLog(of pages: Int) {
        guard health.finalReason == nil else { return }
        do {
            try pool.writeWithoutTransaction { database in
                sqlite3_busy_timeout(database.sqliteConnection, Self.busyTimeout)
                defer { sqlite3_busy_timeout(database.sqliteConnection, Store.busyTimeout) }
                try database.checkpoint(.restart)
            }
            state.withLock { $0.emptiedAt = longestLog }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            state.withLock { $0.emptiedAt = 2 * pages }
        } catch {
            failed(error)
        }
    }

    /// The file is damaged: nothing more is written.
    func isDamaged(_ reason: String) {
        changeHealth { $0.health.isDamaged(reason) }
    }

    private func wrote(_ pages: Int32) {
        changeHealth { state in
            state.pagesInLog += pages
            // A transaction without anything to write says nothing about a disk that was full.
            return pages > 0 && state.health.wrote()
        }
    }

    private func failed(_ error: any Error) {
        changeHealth { $0.health.couldNotWrite(error) }
    }

    /// - Parameter body: returns whether the health has changed.
    private func changeHealth(_ body: (inout State) -> Bool) {
        if let health = state.withLock({ body(&$0) ? $0.health : nil }) { onChange(health) }
    }

    private func settle(_ group: [Waiting], _ outcomes: [Result<Settlement, any Error>]) {
        for (writer, outcome) in zip(group, outcomes) {
            switch outcome {
            case .success(let settle): settle()
            case .failure(let error): writer.fail(error)
            }
        }
    }

    /// The writer's body in a savepoint: an error undoes that alone.
    /// - Throws: if SQLite gave up the whole transaction (it does on a full disk) or the store failed, so
    ///   that nothing of the group is kept.
    private func attempt(_ writer: Waiting, in database: Database) throws -> Result<Settlement, any Error> {
        var settlement: Settlement?
        do {
            try database.inSavepoint {
                settlement = try writer.run(database)
                return .commit
            }
        } catch {
            guard database.isInsideTransaction, !StoreError.isOfTheStore(error) else { throw error }
            return .failure(error)
        }
        return settlement.map(Result.success) ?? .failure(StoreError.closed)
    }

    /// Waits until everything submitted has been settled; what is submitted later is refused.
    func finish() {
        state.withLock { $0.isClosed = true }
        queue.sync {}
    }
}

extension Database {
    /// How many pages this connection has written since it was last asked.
    fileprivate func takePagesWritten() -> Int32 {
        var pages: Int32 = 0
        var highest: Int32 = 0
        sqlite3_db_status(sqliteConnection, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &highest, 1)
        return pages
    }
}
