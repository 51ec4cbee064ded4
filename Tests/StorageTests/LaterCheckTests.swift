import Foundation
import GRDB
import Storage
import TestSupport
import Testing

/// A file that is too large to be looked at before the start: here every one is.
@Suite("A file that is checked after the start", .timeLimit(.minutes(10)))
struct LaterCheckTests {
    private static let pageSize = 4096

    private func openUnchecked(_ folder: TemporaryFolder, _ migrations: [Store.Migration] = [notes]) throws -> Store {
        try Store(folder: folder.path, name: "test", migrations: migrations, checkedAtStart: 0, longestLog: 500)
    }

    /// A closed store of many pages; answers its file.
    private func filled(_ folder: TemporaryFolder) async throws -> URL {
        let store = try open(folder)
        try await store.write { database in
            for number in 0..<2000 {
                try database.run("INSERT INTO notes (text) VALUES (?)", ["\(number) " + String(repeating: "x", count: 200)])
            }
        }
        store.close()
        return URL(filePath: store.path)
    }

    private func refuses(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("damage that is found then fails the store: nothing is written any more, and the next start refuses it at once")
    func damage() async throws {
        let folder = try TemporaryFolder()
        let file = try await filled(folder)
        let sound = try Data(contentsOf: file)
        let pages = sound.count / Self.pageSize
        var chance = SeededChance("damaged later")
        for page in [pages / 2, pages - 1] + (0..<5).map({ _ in 10 + chance.upTo(pages - 10) }) {
            var damaged = sound
            for index in page * Self.pageSize..<(page + 1) * Self.pageSize { damaged[index] = UInt8(chance.upTo(256)) }
            try damaged.write(to: file)

            let store = try openUnchecked(folder)
            try await eventually { await store.health() != .healthy }
            guard case .damaged(let reason) = await store.health() else {
                Issue.record("page \(page): the store says it is \(await store.health())")
                return
            }
            #expect(reason.hasPrefix("it is damaged (") && reason.hasSuffix("); restore a backup") && !reason.contains("\n"))
            let refusal = await refuses { try await add(store, "after") }
            #expect(refusal == "the store failed: \(reason)")
            store.close()

            let start = try #require(await refuses { try openUnchecked(folder).close() })
            #expect(start.contains(file.path) && start.contains("it is damaged (") && !start.contains("\n"))
        }
        // What is put in its place is looked at as a whole, once.
        try sound.write(to: file)
        for _ in 0..<2 {
            let store = try openUnchecked(folder)
            try await add(store, "restored \(UUID())")
            store.close()
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.hasSuffix(".damaged") })
    }

    /// Whose check takes minutes: each row takes milliseconds.
    private static let slow = Store.Migration(
        "slow",
        """
        CREATE TABLE slow (id INTEGER PRIMARY KEY CHECK (length(hex(zeroblob(5000000))) > 0)) STRICT;
        PRAGMA ignore_check_constraints = ON;
        WITH RECURSIVE row(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM row WHERE number < 20000)
        INSERT INTO slow SELECT number FROM row;
        PRAGMA ignore_check_constraints = OFF;
        CREATE TABLE pages (content BLOB);
        """)

    @Test("while it is under way the store is written as ever, the log stays short, and closing doesn't wait for it")
    func givesWay() async throws {
        let folder = try TemporaryFolder()
        try open(folder, [Self.slow]).close()
        let store = try openUnchecked(folder, [Self.slow])
        var longest = 0
        for _ in 0..<240 {
            try await store.write { database in
                for _ in 0..<50 { try database.run("INSERT INTO pages VALUES (zeroblob(4000))") }
            }
            let size = try FileManager.default.attributesOfItem(atPath: store.path + "-wal")[.size] as? Int
            longest = max(longest, try #require(size) / (Self.pageSize + 24))
        }
        #expect(longest < 4000)
        #expect(await store.health() == .healthy)
        store.close()
    }
}
