import Foundation
import GRDB
import TestSupport
import Testing

@testable import Storage

/// A file that is too large to be checked before the start: here every one is.
@Suite("A file that is checked after the start", .timeLimit(.minutes(10)))
struct LaterCheckTests {
    private static let pageSize = 4096

    private func openUnchecked(_ folder: TemporaryFolder, _ migrations: [Store.Migration] = [notes]) throws
        -> Store
    {
        try Store(
            folder: folder.path, name: "test", migrations: migrations, checkedAtStart: 0, longestLog: 500)
    }

    private func refuses(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test(
        "damage found then fails the store: nothing is written any more, and the next start refuses it"
    )
    func damage() async throws {
        let folder = try TemporaryFolder()
        let file = try await manyNotes(folder)
        let sound = try Data(contentsOf: file)
        let pages = sound.count / Self.pageSize
        var random = SeededRandomSource("damaged later")
        for page in [pages / 2, pages - 1] + (0..<5).map({ _ in 10 + random.upTo(pages - 10) }) {
            // A whole check that finds nothing forgets an earlier finding.
            try sound.write(to: file)
            try openUnchecked(folder).close()
            var damaged = sound
            for index in page * Self.pageSize..<(page + 1) * Self.pageSize {
                damaged[index] = UInt8(random.upTo(256))
            }
            try damaged.write(to: file)

            let store = try openUnchecked(folder)
            try await eventually { await store.health() != .healthy }
            guard case .damaged(let reason) = await store.health() else {
                Issue.record("page \(page): the store says it is \(await store.health())")
                return
            }
            #expect(
                reason.hasPrefix("it is damaged (") && reason.hasSuffix("); restore a backup")
                    && !reason.contains("\n"))
            let refusal = await refuses { try await add(store, "after") }
            #expect(refusal == "the store failed: \(reason)")
            store.close()

            let start = try #require(await refuses { try openUnchecked(folder).close() })
            #expect(start.contains(file.path) && start.contains("it is damaged (") && !start.contains("\n"))
        }
        // The file that replaces it is checked as a whole, once.
        try sound.write(to: file)
        for _ in 0..<2 {
            let store = try openUnchecked(folder)
            try await add(store, "restored \(UUID())")
            store.close()
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.hasSuffix(".damaged") })
    }

    @Test("a long check ends when it has to give way, and none runs after the end")
    func givesWay() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        defer { store.close() }
        let check = StoreCheck(path: store.path, configuration: Configuration())
        let hasEnded = Watched(false)
        let look = Task.detached {
            defer { hasEnded.update { $0 = true } }
            return try check.read { database in
                try Int.fetchOne(
                    database,
                    sql: """
                        WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
                        SELECT count(*) FROM n
                        """
                )
            }
        }
        // More than once: it may not have begun to read.
        try await eventually {
            check.giveWay()
            return hasEnded.value
        }
        await #expect {
            try await look.value
        } throws: { error in
            (error as? DatabaseError)?.resultCode == .SQLITE_INTERRUPT
        }
        // Its answer would say nothing.
        #expect(throws: DatabaseError.self) { try check.read { _ in check.giveWay() } }
        #expect(try check.read { _ in 1 } == 1)
        check.stop()
        #expect(throws: DatabaseError.self) { try check.read { _ in } }
    }
}
