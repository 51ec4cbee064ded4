import Foundation
import GRDB
import Storage
import TestSupport

let notes = Store.Migration(
    "notes", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT")

func open(
    _ folder: TemporaryFolder, _ migrations: [Store.Migration] = [notes], acceptingLoss: Bool = false
) throws -> Store {
    try Store(folder: folder.path, name: "test", migrations: migrations, acceptingLoss: acceptingLoss)
}

func add(_ store: Store, _ text: String) async throws {
    try await store.write { try $0.run("INSERT INTO notes (text) VALUES (?)", [text]) }
}

func count(_ store: Store) async throws -> Int {
    try await store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM notes") ?? -1 }
}

struct Refusal: Error {}

/// A closed store of many pages; returns its file.
func manyNotes(_ folder: TemporaryFolder) async throws -> URL {
    let store = try open(folder)
    try await store.write { database in
        for number in 0..<2000 {
            try database.run(
                "INSERT INTO notes (text) VALUES (?)", ["\(number) " + String(repeating: "x", count: 200)])
        }
    }
    store.close()
    return URL(filePath: store.path)
}
