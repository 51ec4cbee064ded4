import Dispatch
import Foundation
import GRDB
import Logging
import Resilience

/// Checks every page of a store's file (`quick_check`).
///
/// A small file is checked before the store opens, and a damaged one is refused. A large one would keep the
/// service from starting for seconds, from a cold disk for many, so it is checked afterwards, table by table.
/// Each check is a read, which keeps the log from being emptied, and gives way when the log gets long.
final class StoreCheck: Sendable {
    /// Files up to so many bytes are checked before they are opened: 0.04 s from memory, 0.4 s from a slow
    /// disk.
    static let largestAtStart: Int64 = 16 << 20
    /// How long after giving way the check tries the table again.
    private static let pause = DispatchTimeInterval.seconds(10)

    typealias OnDamage = @Sendable (String) -> Void
    private struct State {
        /// The connection that checks a table now.
        var reader: DatabaseQueue?
        var mustGiveWay = false
        var isStopped = false
    }

    private let path: String
    private let configuration: Configuration
    private let logger = Logger(label: "store")
    private let queue = DispatchQueue(label: "store.check", qos: .utility)
    private let state = Locked(State())

    init(path: String, configuration: Configuration) {
        self.path = path
        var configuration = configuration
        configuration.readonly = true
        self.configuration = configuration
    }

    /// Whether the file has to be checked before anything relies on it: it is small, or was found damaged
    /// before.
    static func isDueAtStart(_ path: String, upTo bytes: Int64) -> Bool {
        if FileManager.default.fileExists(atPath: mark(path)) { return true }
        var status = stat()
        return stat(path, &status) != 0 || Int64(status.st_size) <= bytes
    }

    /// A file that records the damage beyond the process: the next start checks all of the store first,
    /// however large it is.
    private static func mark(_ path: String) -> String { path + ".damaged" }

    /// Checks the whole file, also what is in no table.
    ///
    /// - Throws: ``StoreError/unusable(path:reason:)`` if it is damaged.
    static func checkAll(_ database: Database, path: String) throws {
        if let reason = try damage(database, "PRAGMA quick_check(1)") {
            throw StoreError.unusable(path: path, reason: reason)
        }
        try? FileManager.default.removeItem(atPath: mark(path))
    }

    /// In words; nil where there is none.
    private static func damage(_ database: Database, _ sql: String) throws -> String? {
        let outcome = try String.fetchOne(database, sql: sql) ?? "no answer"
        return outcome == "ok" ? nil : words(outcome)
    }

    private static func words(_ outcome: String) -> String {
        """
        it is damaged (\(outcome.split(whereSeparator: \.isNewline).joined(separator: " "))); \
        restore a backup
        """
    }

    /// Checks all tables in the background, on connections of its own.
    ///
    /// - Parameter onDamage: called once if the file is damaged, with the reason in words.
    func start(onDamage: @escaping OnDamage) {
        queue.async { [self] in look(at: nil, onDamage) }
    }

    /// - Parameter tables: those that are left; nil before they are known.
    private func look(at tables: [String]?, _ onDamage: @escaping OnDamage) {
        var left = tables
        do {
            var names =
                try left
                ?? read {
                    try String.fetchAll($0, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'")
                }
            while let table = names.first {
                left = names
                let sql = "PRAGMA quick_check(\(table.quotedDatabaseIdentifier))"
                if let reason = try read({ try Self.damage($0, sql) }) { return isDamaged(reason, onDamage) }
                names.removeFirst()
            }
            logger.info("the whole file is sound", metadata: ["path": "\(path)"])
        } catch {
            if state.withLock({ $0.isStopped }) { return }
            if let error = error as? DatabaseError, error.extendedResultCode.isDamage {
                return isDamaged(Self.words(error.message ?? "\(error.extendedResultCode)"), onDamage)
            }
            // It had to give way, or was short of a descriptor or memory.
            logger.info(
                "the file can't be checked now; it is tried again soon",
                metadata: ["path": "\(path)", "reason": "\(error)"])
            queue.asyncAfter(deadline: .now() + Self.pause) { [weak self, left] in
                self?.look(at: left, onDamage)
            }
        }
    }

    private func isDamaged(_ reason: String, _ onDamage: OnDamage) {
        // Where it can't be created, the next start finds the damage as this one did.
        _ = FileManager.default.createFile(atPath: Self.mark(path), contents: Data("\(reason)\n".utf8))
        onDamage(reason)
    }

    /// Each read has a short-lived connection of its own, so that no snapshot outlives it.
    ///
    /// - Throws: `SQLITE_INTERRUPT` where it had to give way: an interrupted check may call sound pages
    ///   damaged.
    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        let reader = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? reader.close() }
        let isStopped = state.withLock { state in
            state.reader = reader
            state.mustGiveWay = false
            return state.isStopped
        }
        let result = Result { isStopped ? nil : try reader.read(body) }
        let isOver = state.withLock { state in
            // Before it is closed: an interrupt from another thread must find it open.
            state.reader = nil
            return !state.mustGiveWay
        }
        guard isOver, let value = try result.get() else { throw DatabaseError(resultCode: .SQLITE_INTERRUPT) }
        return value
    }

    /// Interrupts the check of the current table; it is begun again later.
    func giveWay() {
        state.withLock { state in
            state.mustGiveWay = true
            state.reader?.interrupt()
        }
    }

    /// Ends the check and returns when it has ended.
    func stop() {
        state.withLock { $0.isStopped = true }
        let end = DispatchGroup()
        queue.async(group: end) {}
        // More than once: SQLite forgets an interrupt that finds no statement running yet.
        repeat { giveWay() } while end.wait(timeout: .now() + .milliseconds(10)) == .timedOut
    }
}

extension ResultCode {
    /// Whether the file itself is damaged, rather than the check short of something.
    fileprivate var isDamage: Bool { storeFailure == .final && primaryResultCode != .SQLITE_READONLY }
}
