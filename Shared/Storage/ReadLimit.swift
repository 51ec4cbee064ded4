import GRDB
import GRDBSQLite
import Resilience

/// Ends a read that takes too long.
final class ReadLimit: Sendable {
    /// How many steps of SQLite's virtual machine lie between two checks of the clock: about a millisecond.
    private static let steps: Int32 = 10_000

    private let deadline: Deadline

    init(_ deadline: Deadline) { self.deadline = deadline }

    /// - Throws: ``StoreError/tooSlow`` when the deadline passes while `body` reads.
    func run<Value>(_ database: Database, _ body: (Database) throws -> Value) throws -> Value {
        guard !deadline.hasPassed() else { throw StoreError.tooSlow }
        let this = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_progress_handler(
            database.sqliteConnection, Self.steps,
            { this in
                guard let this else { return 0 }
                return Unmanaged<ReadLimit>.fromOpaque(this).takeUnretainedValue().deadline.hasPassed()
                    ? 1 : 0
            }, this)
        defer { sqlite3_progress_handler(database.sqliteConnection, 0, nil, nil) }
        do {
            return try body(database)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT && deadline.hasPassed()
        {
            throw StoreError.tooSlow
        }
    }
}
