import Contracts
import Dispatch
import Foundation
import GRDB
import Resilience
import TestSupport
import Testing

@testable import Storage

/// The log is measured by its file: SQLite begins it anew only when all of it was copied and no reader is in
/// it.
@Suite("The log under readers", .timeLimit(.minutes(10)))
struct LongLogTests {
    private static let pageSize = 4096
    /// What the tests write; a log that is pinned has all of it.
    private static let pages = 12_000
    /// Emptied at 1000 pages, when the writer checks first; what is written until the turn comes is added.
    private static let longestLog = 500
    /// A machine that is busy with the current list leaves more of it.
    private static let bound = 8000
    private static let rows = 20_000

    /// Filled with enough rows for a list of all of them to take a while.
    private func filled(_ folder: TemporaryFolder) async throws -> Store {
        let store = try Store(
            folder: folder.path, name: "test", migrations: [notes], longestLog: Self.longestLog)
        try await store.write { database in
            for number in 0..<Self.rows {
                try database.run("INSERT INTO notes (text) VALUES (?)", ["\(number)"])
            }
            try database.execute(sql: "CREATE TABLE pages (content BLOB)")
        }
        return store
    }

    /// Returns the largest number of pages that the log had meanwhile.
    private func writePages(_ store: Store) async throws -> Int {
        var longest = 0
        for _ in 0..<Self.pages / 50 {
            try await store.write { database in
                for _ in 0..<50 { try database.run("INSERT INTO pages VALUES (zeroblob(4000))") }
            }
            longest = max(longest, try pagesInLog(store))
        }
        return longest
    }

    private func pagesInLog(_ store: Store) throws -> Int {
        let size = try FileManager.default.attributesOfItem(atPath: store.path + "-wal")[.size] as? Int
        return try #require(size) / (Self.pageSize + 24)
    }

    /// Runs `body` while four tasks read without pause.
    private func besideReaders<Value: Sendable>(
        _ read: @escaping @Sendable () async throws -> Void, _ body: () async throws -> Value
    ) async throws -> Value {
        let readers = (0..<4).map { _ in
            Task { while !Task.isCancelled { try await read() } }
        }
        let result = try await body()
        for reader in readers { reader.cancel() }
        for reader in readers { _ = await reader.result }
        return result
    }

    @Test("four readers that list without pause don't keep it from being emptied")
    func lists() async throws {
        let folder = try TemporaryFolder()
        let store = try await filled(folder)
        defer { store.close() }
        let longest = try await besideReaders {
            _ = try await store.list(until: .after(.seconds(3600))) {
                try Row.fetchAll($0, sql: "SELECT * FROM notes").count
            } answer: {
                $0
            }
        } _: {
            try await writePages(store)
        }
        #expect(longest < Self.bound)
        #expect(await store.health() == .healthy)
    }

    @Test(
        "a reader that stays, as a backup does, fails no write; after it the log is cut to its length"
    )
    func oneThatStays() async throws {
        let folder = try TemporaryFolder()
        let store = try await filled(folder)
        defer { store.close() }
        let hasBegun = Watched(false)
        let end = DispatchSemaphore(value: 0)
        let reader = Task {
            try await store.read { database in
                let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM notes")
                hasBegun.update { $0 = true }
                end.wait()
                return count
            }
        }
        await hasBegun.until { $0 }
        #expect(try await writePages(store) > Self.pages)
        #expect(await store.health() == .healthy)
        end.signal()
        #expect(try await reader.value == Self.rows)
        // SQLite cuts the file when it begins the log anew.
        try await eventually {
            _ = try await writePages(store)
            return try pagesInLog(store) < Self.bound
        }
    }

    @Test("nor is the store one that can't be written then: its health never changes")
    func oneThatStaysIsNoFailure() async throws {
        let folder = try TemporaryFolder()
        let pool = try DatabasePool(path: folder.path + "/test.sqlite")
        defer { try? pool.close() }
        try await pool.write { database in
            for migration in [StoreIdentity.migration, notes] { try database.execute(sql: migration.sql) }
        }
        let mark = StoreMark(id: "test", epoch: 0, commits: 0)
        let changes = Watched([StoreHealth]())
        let isLong = Watched(0)
        let writer = GroupCommitWriter(
            pool: pool, mark: mark, counter: try StoreCounterFile(path: folder.path + "/test.counter", mark),
            lists: ListTurns(), longestLog: 1, onLongLog: { isLong.update { $0 += 1 } },
            onChange: { health in changes.update { $0.append(health) } })
        let hasBegun = Watched(false)
        let end = DispatchSemaphore(value: 0)
        let reader = Task {
            try await pool.read { database in
                _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM notes")
                hasBegun.update { $0 = true }
                end.wait()
            }
        }
        await hasBegun.until { $0 }
        for number in 0..<4 {
            try await writer.write { database in
                for part in 0..<1000 {
                    try database.run(
                        "INSERT INTO notes (text) VALUES (?)",
                        ["\(number) \(part)" + String(repeating: "x", count: 4000)])
                }
            } committed: {
            }
        }
        writer.finish()
        #expect(isLong.value > 0)
        #expect(changes.value == [])
        end.signal()
        try await reader.value
    }

    @Test("lists are read one at a time, whatever asks for them at once, and each gets its answer")
    func oneAtATime() async throws {
        let folder = try TemporaryFolder()
        let store = try await filled(folder)
        defer { store.close() }
        let reading = Watched((now: 0, most: 0))
        let counts = try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await store.list(until: .after(.seconds(3600))) { database in
                        reading.update { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                        defer { reading.update { $0.now -= 1 } }
                        return try Int.fetchOne(database, sql: "SELECT count(*) FROM notes")
                    } answer: {
                        $0
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == Array(repeating: Self.rows, count: 50))
        #expect(reading.value.most == 1)
    }

    @Test(
        "an endless list ends at its caller's deadline or after a second, and the next has its turn",
        arguments: [Duration.milliseconds(1), .seconds(3600)])
    func endless(budget: Duration) async throws {
        let folder = try TemporaryFolder()
        let store = try await filled(folder)
        defer { store.close() }
        await #expect {
            try await store.list(until: .after(budget)) { database in
                try Int.fetchOne(
                    database,
                    sql: """
                        WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
                        SELECT count(*) FROM n
                        """
                )
            } answer: {
                $0
            }
        } throws: { error in
            if case StoreError.tooSlow = error { true } else { false }
        }
        let next = try await store.list(until: .after(.seconds(3600))) {
            try $0.row("SELECT 1")?[0] as Int?
        } answer: {
            $0
        }
        #expect(next == 1)
        #expect(try await count(store) == Self.rows)
        #expect(await store.health() == .healthy)
    }
}
