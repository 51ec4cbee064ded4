import Contracts
import GRDB
import Resilience
import Storage

/// The state that survives a process: the service's database, its commit counter, and its knowledge of peers.
final class Disk: @unchecked Sendable {
    fileprivate(set) var database: DatabaseQueue
    /// The content of the counter file.
    fileprivate(set) var counter: StoreMark?
    var peers: [ServiceStore] = []
    /// Called after each commit.
    var committed: ((Database) throws -> Void)?

    init(copying template: Disk? = nil) throws {
        database = try DatabaseQueue()
        try template?.database.backup(to: database)
        counter = template?.counter
    }

    /// Reports all later commits to the judge.
    func watch(by judge: Judge, of service: String) throws {
        try database.writeWithoutTransaction { try Judge.watch(service, $0) }
        committed = { try judge.check($0) }
    }

    /// Changes rows without the service.
    func change(_ sql: String) throws { try database.writeWithoutTransaction { try $0.execute(sql: sql) } }

    /// A copy of the database as it is now.
    func copy() throws -> DatabaseQueue {
        let copy = try DatabaseQueue()
        try database.backup(to: copy)
        return copy
    }

    /// Whether fewer commits are in it than the counter knows of.
    var isBehindItsCounter: Bool {
        get throws {
            let held = try database.unsafeRead { try $0.row("SELECT epoch, commits FROM store_identity") }
            guard let held, let counter else { return false }
            return (held[0], held[1]) < (counter.epoch, counter.commits)
        }
    }

    /// Nothing is read from it any more.
    func close() { try? database.close() }

    /// Restores an older copy, and keeps the counter.
    func restore(_ copy: DatabaseQueue) throws {
        database = try DatabaseQueue()
        try copy.backup(to: database)
    }
}

/// How a disk operation fails.
enum DiskFailure {
    /// Nothing was written.
    case full
    /// It may have been written.
    case interrupted
}

/// A store on a simulated disk. Each operation is one atomic event. It has no effect if the process died
/// before it, and it has effect if the process dies before the result arrives.
final class MemoryEngine: StoreEngine, @unchecked Sendable {
    private let disk: Disk
    private let host: Host
    private(set) var mark: StoreMark
    private let latency: () -> Int64
    private let failure: () -> DiskFailure?
    private let danger: () -> Void

    /// - Parameters:
    ///   - latency: of an operation in milliseconds, one way.
    ///   - failure: the failure of the next write; nil if it succeeds.
    ///   - danger: called before and after each operation, where the process may die.
    init(
        _ disk: Disk, in host: Host, migrations: [Store.Migration], acceptingLoss: Bool,
        latency: @escaping () -> Int64,
        failure: @escaping () -> DiskFailure?, danger: @escaping () -> Void
    ) throws {
        self.disk = disk
        self.host = host
        self.latency = latency
        self.failure = failure
        self.danger = danger
        let held = try disk.database.read { try StoreIdentity(in: $0) }
        mark = try StoreIdentity.opened(
            held, known: disk.counter, path: host.name, counter: "the counter", acceptingLoss: acceptingLoss)
        try Store.migrator(migrations).migrate(disk.database)
        disk.counter = mark
        if held?.mark != mark || held?.isCopy == true {
            try disk.database.writeWithoutTransaction { [mark] in try StoreIdentity.write(mark, in: $0) }
        }
    }

    var health: StoreHealth { .healthy }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value, committed: @escaping @Sendable () -> Void
    ) async throws -> Value {
        try await operation {
            let failure = self.failure()
            if failure == .full { throw StoreError.full }
            if failure == .interrupted, Scheduler.shared.dice.happens(500) {
                throw StoreError.uncertain(reason: "interrupted")
            }
            let value = try self.transaction(body)
            if failure == .interrupted { throw StoreError.uncertain(reason: "interrupted") }
            committed()
            return value
        }
    }

    private func transaction<Value>(_ body: (Database) throws -> Value) throws -> Value {
        var mark = mark
        var value: Value?
        try disk.database.writeWithoutTransaction { database in
            let changes = database.totalChangesCount
            try database.inTransaction(.immediate) {
                value = try body(database)
                if database.totalChangesCount > changes {
                    mark.commits += 1
                    try StoreIdentity.count(mark.commits, in: database)
                }
                return .commit
            }
            try disk.committed?(database)
        }
        self.mark = mark
        disk.counter = mark
        guard let value else { throw StoreError.closed }
        return value
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await operation { try self.disk.database.unsafeRead(body) }
    }

    private func operation<Value: Sendable>(_ body: @escaping () throws -> Value) async throws -> Value {
        try await withUnsafeThrowingContinuation { continuation in
            let scheduler = Scheduler.shared
            danger()
            scheduler.after(latency(), in: host) { [self] in
                let result = Result { try body() }
                danger()
                scheduler.after(latency(), in: host) { continuation.resume(with: result) }
            }
        }
    }

    func backup(to path: String, leaving reserve: Int64) async throws -> Int64 { throw StoreError.closed }

    func close() {}
}
