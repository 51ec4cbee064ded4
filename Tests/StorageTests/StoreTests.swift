import Foundation
import GRDB
import Storage
import TestSupport
import Testing

@Suite("Store", .timeLimit(.minutes(10)))
struct StoreTests {
    @Test("the writer waits for the disk: synchronous is FULL and the journal is a WAL")
    func durability() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        let (synchronous, journal) = try await store.write { database in
            (
                try Int.fetchOne(database, sql: "PRAGMA synchronous"),
                try String.fetchOne(database, sql: "PRAGMA journal_mode")
            )
        }
        #expect(synchronous == 2)
        #expect(journal == "wal")
        store.close()
    }

    @Test("what customers sent is readable by the owner of the process alone: the file and its log")
    func mode() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        defer { store.close() }
        for file in [store.path, store.path + "-wal"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("many writers at once are all kept, and each gets its own answer")
    func concurrentWriters() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        let answers = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<500 {
                group.addTask {
                    try await store.write { database in
                        try database.run("INSERT INTO notes (text) VALUES (?)", ["\(number)"])
                        return number
                    }
                }
            }
            return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(answers == Set(0..<500))
        #expect(try await count(store) == 500)
        store.close()
    }

    @Test("a writer that throws undoes its own changes and no others")
    func savepoints() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try? await store.write { database in
                        try database.run("INSERT INTO notes (text) VALUES (?)", ["\(number)"])
                        if number.isMultiple(of: 2) { throw Refusal() }
                    }
                }
            }
        }
        #expect(try await count(store) == 100)
        await #expect(throws: Refusal.self) { try await store.write { _ in throw Refusal() } }
        store.close()
    }

    @Test("cancelling the caller's task doesn't undo its write")
    func cancellation() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        let tasks = (0..<200).map { number in Task { try await add(store, "\(number)") } }
        for task in tasks { task.cancel() }
        for task in tasks { try await task.value }
        #expect(try await count(store) == 200)
        store.close()
    }

    @Test("the log is copied into the file as it grows, and begins anew")
    func checkpoints() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        let long = String(repeating: "x", count: 4000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<5000 { group.addTask { try await add(store, "\(number) \(long)") } }
            try await group.waitForAll()
        }
        let log = try FileManager.default.attributesOfItem(atPath: store.path + "-wal")[.size] as? Int
        // 20 MB were written; 1,000 pages are 4 MB.
        #expect(try #require(log) < 10_000_000)
        store.close()
        let reopened = try open(folder)
        #expect(try await count(reopened) == 5000)
        reopened.close()
    }

    @Test("what was written is there after opening again")
    func reopening() async throws {
        let folder = try TemporaryFolder()
        let first = try open(folder)
        try await add(first, "kept")
        first.close()
        let second = try open(folder)
        #expect(try await count(second) == 1)
        second.close()
    }

    @Test("a second opening of the same folder is refused while the first lives, and possible after it")
    func locking() async throws {
        let folder = try TemporaryFolder()
        do {
            let store = try open(folder)
            #expect {
                _ = try open(folder)
            } throws: { error in
                if case StoreError.locked = error { true } else { false }
            }
            store.close()
        }
        try open(folder).close()
    }

    @Test("a file that a newer version wrote is refused and left as it is")
    func newerFile() async throws {
        let folder = try TemporaryFolder()
        do {
            let later = Store.Migration("later", "CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT")
            try open(folder, [notes, later]).close()
        }
        #expect {
            _ = try open(folder)
        } throws: { error in
            if case StoreError.newer = error { true } else { false }
        }
    }

    @Test("a file that isn't a database is refused in words that name it")
    func notADatabase() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(String(repeating: "not a database ", count: 100), to: "test.sqlite")
        #expect {
            _ = try open(folder)
        } throws: { error in
            "\(error)".contains(path)
        }
    }

    @Test(
        "a full disk fails writes with `full`, keeps what was acknowledged, and recovers with free space"
    )
    func fullDisk() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        try await add(store, "before")
        // SQLite's own limit simulates the disk's: it fails with the same code at the same point.
        let pages = try await store.write { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
        try await store.write { try $0.execute(sql: "PRAGMA max_page_count = \(pages)") }
        let long = String(repeating: "x", count: 100_000)
        await #expect {
            try await add(store, long)
        } throws: { error in
            if case StoreError.full = error { true } else { false }
        }
        #expect(try await count(store) == 1)
        try await store.write { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        try await add(store, long)
        #expect(try await count(store) == 2)
        #expect(await store.health() == .healthy)
        store.close()
    }

    @Test("closing waits for the writes that were submitted, and refuses later ones")
    func closing() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        let task = Task { try await add(store, "last") }
        try await task.value
        store.close()
        await #expect(throws: (any Error).self) { try await add(store, "too late") }
    }
}
