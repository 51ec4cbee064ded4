import Contracts
import Foundation
import GRDB
import Storage
import TestSupport
import Testing

/// A killed process leaves its files as they are: the next process finds what a copy would hold that is taken
/// while nothing writes.
@Suite("What was written is not lost silently", .timeLimit(.minutes(10)))
struct LostWritesTests {
    private static let files = ["test.sqlite", "test.sqlite-wal", "test.counter"]

    /// The files of a store that is killed after `writes`; all but the first are only in the log.
    private func killed(after writes: Int) async throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let first = try open(folder)
        try await add(first, "the first")
        first.close()
        let store = try open(folder)
        for number in 1..<writes { try await add(store, "\(number)") }
        let left = try copy(of: folder)
        store.close()
        return left
    }

    private func copy(of folder: TemporaryFolder, _ files: [String] = Self.files) throws -> TemporaryFolder {
        let copy = try TemporaryFolder()
        try put(files, of: folder, into: copy)
        return copy
    }

    private func put(_ files: [String], of folder: TemporaryFolder, into copy: TemporaryFolder) throws {
        for file in files where FileManager.default.fileExists(atPath: "\(folder.path)/\(file)") {
            try Data(contentsOf: URL(filePath: "\(folder.path)/\(file)")).write(
                to: URL(filePath: "\(copy.path)/\(file)"))
        }
    }

    /// Of each file that isn't empty; SQLite creates an empty log even for reading.
    private func contents(_ folder: TemporaryFolder) throws -> [String: Data] {
        try Dictionary(
            uniqueKeysWithValues: FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { !$0.hasSuffix("-shm") }
                .map { ($0, try Data(contentsOf: URL(filePath: "\(folder.path)/\($0)"))) }
        ).filter { !$0.value.isEmpty }
    }

    private func expectRefused(
        _ folder: TemporaryFolder, saying words: String = "isn't taken for whole",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = try contents(folder)
        #expect(sourceLocation: sourceLocation) {
            try open(folder).close()
        } throws: { error in
            let text = "\(error)"
            return text.contains(folder.path) && text.contains(words) && text.contains("--accept-loss")
                && !text.contains("\n")
        }
        #expect(
            try contents(folder) == before, "what is refused is left as it is", sourceLocation: sourceLocation
        )
    }

    enum Damage: CaseIterable { case deleted, cut, garbled }

    @Test(
        "a log that was deleted, cut or damaged is found at the start, with how much is missing",
        arguments: Damage.allCases)
    func log(damage: Damage) async throws {
        let folder = try await killed(after: 10)
        let log = URL(filePath: folder.path + "/test.sqlite-wal")
        let sound = try Data(contentsOf: log)
        switch damage {
        case .deleted: try FileManager.default.removeItem(at: log)
        case .cut: try sound.prefix(sound.count / 2).write(to: log)
        case .garbled:
            var garbled = sound
            garbled[sound.count / 2] ^= 0xFF
            try garbled.write(to: log)
        }
        try expectRefused(folder, saying: damage == .deleted ? "9 commits are missing" : "missing")
        // Nothing is lost for good: when the log is put back, all is there.
        try sound.write(to: log)
        let store = try open(folder)
        #expect(try await count(store) == 10)
        store.close()
    }

    @Test(
        "an older copy is refused, and so are a store without its counter and a counter without its store"
    )
    func older() async throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        let store = try open(folder)
        try await add(store, "kept")
        _ = try await store.backup(to: elsewhere.path + "/test.sqlite")
        try await add(store, "later")
        store.close()

        let restored = try copy(of: folder, ["test.counter"])
        try put(["test.sqlite"], of: elsewhere, into: restored)
        try expectRefused(restored, saying: "1 commit is missing")
        try expectRefused(try copy(of: folder, ["test.sqlite"]), saying: "test.counter")
        try expectRefused(try copy(of: folder, ["test.counter"]), saying: "2 commits are missing")
        let garbled = try copy(of: folder)
        for text in ["what?", String(repeating: "longer than it ever is ", count: 100)] {
            try garbled.write(text, to: "test.counter")
            try expectRefused(garbled, saying: "test.counter")
            try open(garbled, acceptingLoss: true).close()
            try open(garbled).close()
        }

        let another = try TemporaryFolder()
        try open(another).close()
        try put(["test.counter"], of: folder, into: another)
        try expectRefused(another, saying: "another store")
    }

    @Test(
        "after an accepted loss the store goes on, and what was there before counts as older")
    func accepted() async throws {
        let folder = try await killed(after: 10)
        let before = try copy(of: folder)
        try FileManager.default.removeItem(atPath: folder.path + "/test.sqlite-wal")
        try expectRefused(folder)
        let store = try open(folder, acceptingLoss: true)
        #expect(try await count(store) == 1)
        try await add(store, "after")
        #expect(store.mark.commits == 2)
        store.close()
        let again = try open(folder)
        #expect(try await count(again) == 2)
        again.close()
        try put(["test.sqlite", "test.sqlite-wal"], of: before, into: folder)
        try expectRefused(folder, saying: "a later loss was accepted")
    }

    @Test("a backup opens by itself where no store was, and is the store from then on")
    func backup() async throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        let store = try open(folder)
        try await add(store, "kept")
        _ = try await store.backup(to: elsewhere.path + "/test.sqlite")
        let restored = try open(elsewhere)
        #expect(restored.mark == store.mark)
        try await add(restored, "another")
        restored.close()
        store.close()
        try expectRefused(try copy(of: elsewhere, ["test.sqlite"]), saying: "test.counter")
    }

    @Test("only what was changed is counted, once for all that share a transaction")
    func counting() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        #expect(store.mark.commits == 0 && store.mark.epoch == 0)
        try await add(store, "one")
        try await store.write { try $0.run("UPDATE notes SET text = 'two' WHERE text = 'none such'") }
        try? await store.write { _ in throw Refusal() }
        #expect(store.mark.commits == 1)
        let mark = store.mark
        store.close()
        let again = try open(folder)
        #expect(again.mark == mark)
        again.close()
        let mode =
            try FileManager.default.attributesOfItem(atPath: folder.path + "/test.counter")[.posixPermissions]
            as? Int
        #expect(mode == 0o600)
    }

    @Test("a store from before stores had an identity is given one")
    func withoutIdentity() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        try await add(store, "old")
        store.close()
        let file = try DatabaseQueue(path: store.path)
        try await file.write {
            try $0.execute(
                sql: """
                    DROP TABLE store_identity;
                    DELETE FROM grdb_migrations WHERE identifier = 'store-identity'
                    """
            )
        }
        try file.close()
        try FileManager.default.removeItem(atPath: folder.path + "/test.counter")
        let opened = try open(folder)
        #expect(try await count(opened) == 1)
        #expect(!opened.mark.id.isEmpty)
        opened.close()
        try open(folder).close()
    }

    /// The counter may be as old as its last sync, the store never is: that is a power cut. A kill between
    /// the commit and the counter leaves a difference of one commit.
    @Test("killed at any time, a store opens; with less than its counter records it never does")
    func anyTime() async throws {
        var random = SeededRandomSource("moments of a store's life")
        for round in 0..<6 {
            let folder = try TemporaryFolder()
            let store = try open(folder)
            var copies: [(commits: Int64, files: TemporaryFolder)] = []
            for number in 0..<12 {
                let text =
                    "\(round) \(number) " + String(repeating: "x", count: random.upTo(3) == 0 ? 300_000 : 10)
                // In the middle of the transaction: nothing of it may be found.
                let files = try await store.write { database in
                    try database.run("INSERT INTO notes (text) VALUES (?)", [text])
                    return try copy(of: folder)
                }
                copies.append((store.mark.commits - 1, files))
                copies.append((store.mark.commits, try copy(of: folder)))
            }
            store.close()
            for _ in 0..<20 {
                let counter = copies[random.upTo(copies.count)]
                let files = copies[random.upTo(copies.count)]
                let found = try copy(of: files.files, ["test.sqlite", "test.sqlite-wal"])
                try put(["test.counter"], of: counter.files, into: found)
                if files.commits < counter.commits {
                    try expectRefused(found, saying: "\(counter.commits - files.commits) commit")
                } else {
                    let opened = try open(found)
                    #expect(opened.mark.commits == files.commits)
                    #expect(try await count(opened) == Int(files.commits))
                    opened.close()
                }
            }
        }
    }
}
