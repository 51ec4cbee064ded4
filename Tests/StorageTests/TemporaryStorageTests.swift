import Foundation
import GRDB
import TestSupport
import Testing

@testable import Storage

@Suite("Temporary storage", .timeLimit(.minutes(10)))
struct TemporaryStorageTests {
    @Test("the writer and the readers keep it in memory")
    func pragma() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        defer { store.close() }
        let setting: @Sendable (Database) throws -> Int? = { try Int.fetchOne($0, sql: "PRAGMA temp_store") }
        #expect(try await store.write("setting", setting) == 2)
        #expect(try await store.read(setting) == 2)
    }

    @Test("the start refuses a connection that would need files for it, in one line that says so")
    func refused() throws {
        let folder = try TemporaryFolder()
        var configuration = Configuration()
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA temp_store = FILE") }
        let path = folder.path + "/test.sqlite"
        let pool = try DatabasePool(path: path, configuration: configuration)
        #expect {
            try TemporaryStorage.check(pool, path: path, readers: 2)
        } throws: { error in
            "\(error)".contains(path) && "\(error)".contains("temporary data") && !"\(error)".contains("\n")
        }
    }

    @Test("the check at the start leaves nothing behind, neither in the file nor in its log")
    func nothingLeft() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/test.sqlite"
        let pool = try DatabasePool(path: path, configuration: .inMemory)
        try pool.write { try $0.execute(sql: notes.sql) }
        let before = try sizes(path)
        try TemporaryStorage.check(pool, path: path, readers: 4)
        #expect(try sizes(path) == before)
        #expect(try pool.read { try $0.tableExists("notes") && !$0.tableExists("temporary_storage") })
    }

    private func sizes(_ path: String) throws -> [Int?] {
        try [path, path + "-wal"].map { try FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int }
    }

    #if os(Linux)
        @Test("after the start every connection is open: reading takes no descriptor that isn't held already")
        func descriptors() async throws {
            let folder = try TemporaryFolder()
            let store = try open(folder)
            defer { store.close() }
            let before = try descriptors(of: store.path)
            #expect(before == 5)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<100 { group.addTask { try await count(store) } }
                for try await count in group { #expect(count == 0) }
            }
            #expect(try descriptors(of: store.path) == before)
        }

        private func descriptors(of path: String) throws -> Int {
            let links = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            return links.count {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
            }
        }
    #endif
}

extension Configuration {
    fileprivate static var inMemory: Configuration {
        var configuration = Configuration()
        TemporaryStorage.keepInMemory(&configuration)
        return configuration
    }
}
