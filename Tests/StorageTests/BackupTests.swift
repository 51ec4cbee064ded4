import Foundation
import GRDB
import Storage
import TestSupport
import Testing

@Suite("Backup", .timeLimit(.minutes(10)))
struct BackupTests {
    private func restored(_ copy: String, _ body: (Store) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: copy, toPath: folder.path + "/test.sqlite")
        let store = try open(folder)
        try await body(store)
        store.close()
    }

    private func names(_ folder: TemporaryFolder) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
    }

    @Test("the copy is a store of its own with everything that was written, readable by its owner only")
    func copy() async throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        let store = try open(folder)
        for number in 0..<100 { try await add(store, "\(number)") }
        let path = elsewhere.path + "/copy.sqlite"
        let bytes = try await store.backup(to: path)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(attributes[.size] as? Int64 == bytes || attributes[.size] as? Int == Int(bytes))
        #expect(try names(elsewhere) == ["copy.sqlite"])
        try await restored(path) { (copy) async throws in #expect(try await count(copy) == 100) }
        store.close()
    }

    @Test("writers go on while it is made, and the copy is one snapshot")
    func underLoad() async throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        let store = try open(folder)
        // Each write is a pair, so that a copy that isn't one snapshot would have an odd number.
        let writing = Task {
            var pairs = 0
            while !Task.isCancelled {
                let pair = pairs
                try await store.write { database in
                    for half in ["a", "b"] {
                        try database.run("INSERT INTO notes (text) VALUES (?)", ["\(pair)\(half)"])
                    }
                }
                pairs += 1
            }
            return pairs
        }
        while try await count(store) < 100 {}
        for number in 0..<5 {
            let before = try await count(store)
            let path = elsewhere.path + "/\(number).sqlite"
            _ = try await store.backup(to: path)
            let after = try await count(store)
            try await restored(path) { copy in
                let kept = try await count(copy)
                #expect(kept.isMultiple(of: 2) && (before...after).contains(kept))
            }
        }
        writing.cancel()
        let pairs = try await writing.value
        #expect(try await count(store) == pairs * 2)
        store.close()
    }

    @Test("nothing is overwritten: neither a file nor another copy that is being made")
    func existing() async throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        let store = try open(folder)
        let file = try elsewhere.write("mine", to: "copy.sqlite")
        await #expect(throws: BackupRefusal.exists(path: file)) { try await store.backup(to: file) }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "mine")
        let partial = try elsewhere.write("theirs", to: "other.sqlite.partial")
        await #expect(throws: BackupRefusal.exists(path: partial)) {
            try await store.backup(to: elsewhere.path + "/other.sqlite")
        }
        #expect(try String(contentsOfFile: partial, encoding: .utf8) == "theirs")
        store.close()
    }

    @Test("where there is no room for it, or no such folder, nothing is left behind")
    func noRoom() async throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        let store = try open(folder)
        await #expect {
            try await store.backup(to: elsewhere.path + "/copy.sqlite", leaving: 1 << 60)
        } throws: { error in
            if case StoreError.full = error { true } else { false }
        }
        #expect(try names(elsewhere).isEmpty)
        await #expect {
            try await store.backup(to: elsewhere.path + "/no/such/copy.sqlite")
        } throws: { error in
            if case BackupRefusal.unusable = error { true } else { false }
        }
        #expect(await store.health() == .healthy)
        store.close()
    }
}
