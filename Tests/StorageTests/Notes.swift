import GRDB
import Storage
import TestSupport

let notes = Store.Migration("notes", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT")

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
