import GRDB
import Storage
import TestSupport
import Testing

/// The disk's errors are thrown inside a write, where SQLite would throw them; Tests/SystemTests has real
/// ones.
@Suite("A store whose disk fails", .timeLimit(.minutes(10)))
struct StoreHealthTests {
    private func fail(_ store: Store, _ code: ResultCode) async throws {
        try await store.write { _ in throw DatabaseError(resultCode: code, message: "the disk says so") }
    }

    @Test(
        "after an error of the disk nothing is written any more, though the next write might succeed",
        arguments: [
            ResultCode.SQLITE_IOERR_FSYNC, .SQLITE_IOERR_DIR_FSYNC, .SQLITE_IOERR_WRITE, .SQLITE_IOERR_READ,
            .SQLITE_IOERR_SHORT_READ, .SQLITE_IOERR_TRUNCATE, .SQLITE_IOERR_DATA, .SQLITE_IOERR,
            .SQLITE_CORRUPT,
            .SQLITE_NOTADB, .SQLITE_READONLY, .SQLITE_READONLY_DBMOVED,
            // One that a later SQLite may add.
            ResultCode(rawValue: ResultCode.SQLITE_IOERR.rawValue | 200 << 8),
        ])
    func failsClosed(code: ResultCode) async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        try await add(store, "before")
        await #expect {
            try await fail(store, code)
        } throws: { error in
            if case StoreError.failed(let reason) = error {
                reason.contains("the disk says so")
            } else {
                false
            }
        }
        await #expect {
            try await add(store, "after")
        } throws: { error in
            if case StoreError.failed = error { true } else { false }
        }
        guard case .failed = await store.health() else {
            Issue.record("the store says it is \(await store.health())")
            return
        }
        #expect(try await count(store) == 1)
        store.close()
        // A restart ends it.
        let again = try open(folder)
        try await add(again, "after")
        #expect(await again.health() == .healthy)
        #expect(try await count(again) == 2)
        again.close()
    }

    @Test("all writers in the failed transaction are told so, and nothing of it is kept")
    func wholeGroup() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        let confirmed = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let written: Void? = try? await store.write { database in
                        try database.run("INSERT INTO notes (text) VALUES (?)", ["\(number)"])
                        if number == 100 { throw DatabaseError(resultCode: .SQLITE_IOERR_FSYNC) }
                    }
                    return written != nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(confirmed < 200)
        #expect(try await count(store) == confirmed)
        #expect(await store.health() == .failed(reason: "disk I/O error (1034 (disk I/O error))"))
        store.close()
    }

    @Test(
        "a full disk is over with the first write that finds space",
        arguments: [ResultCode.SQLITE_FULL, .SQLITE_IOERR_SHMSIZE])
    func fullRecovers(code: ResultCode) async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        await #expect {
            try await fail(store, code)
        } throws: { error in
            if case StoreError.full = error { true } else { false }
        }
        try await add(store, "there is space again")
        #expect(await store.health() == .healthy)
        store.close()
    }

    /// What may be missing for a while, and SQLite's result code for it.
    static let passing: [ResultCode] = [
        .SQLITE_NOMEM, .SQLITE_IOERR_NOMEM, .SQLITE_IOERR_SHMMAP, .SQLITE_CANTOPEN,
        .SQLITE_CANTOPEN_NOTEMPDIR,
        .SQLITE_IOERR_GETTEMPPATH, .SQLITE_IOERR_SHMOPEN, .SQLITE_BUSY, .SQLITE_BUSY_RECOVERY, .SQLITE_LOCKED,
        .SQLITE_PROTOCOL, .SQLITE_IOERR_LOCK, .SQLITE_IOERR_ACCESS, .SQLITE_INTERRUPT,
    ]

    @Test(
        "a passing failure fails the writes that it hits, and is over with the next one", arguments: passing)
    func passes(code: ResultCode) async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        try await add(store, "before")
        await #expect {
            try await store.write { database in
                try database.run("INSERT INTO notes (text) VALUES ('lost')")
                throw DatabaseError(resultCode: code, message: "not now")
            }
        } throws: { error in
            if case StoreError.unavailable(let reason) = error { reason.contains("not now") } else { false }
        }
        try await add(store, "after")
        #expect(await store.health() == .healthy)
        #expect(try await count(store) == 2)
        store.close()
    }

    @Test(
        "while something is missing the store reports it, and afterwards the question alone makes it healthy"
    )
    func passesByItself() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        defer { store.close() }
        try await store.write { try $0.execute(sql: "PRAGMA busy_timeout = 0") }
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: store.path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        await #expect {
            try await add(store, "meanwhile")
        } throws: { error in
            if case StoreError.unavailable = error { true } else { false }
        }
        for _ in 0..<2 {
            guard case .unavailable = await store.health() else {
                Issue.record("the store says it is \(await store.health())")
                return
            }
        }
        #expect(try await count(store) == 0)
        try await other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        #expect(await store.health() == .healthy)
        try await add(store, "after")
        #expect(try await count(store) == 1)
    }

    @Test(
        "a passing failure during a commit leaves its outcome open; a failed sync there is final",
        arguments: [
            (ResultCode.SQLITE_FULL, StoreError.full, StoreHealth.healthy),
            (.SQLITE_IOERR_SHMSIZE, .uncertain(reason: ""), .healthy),
            (.SQLITE_IOERR_SHMMAP, .uncertain(reason: ""), .healthy),
            (.SQLITE_CANTOPEN, .uncertain(reason: ""), .healthy),
            (.SQLITE_IOERR_FSYNC, .failed(reason: ""), .failed(reason: "")),
        ])
    func commit(code: ResultCode, expected: StoreError, health: StoreHealth) async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        defer { store.close() }
        await #expect {
            try await store.write { database in
                database.add(transactionObserver: BrokenCommit(code), extent: .databaseLifetime)
                try database.run("INSERT INTO notes (text) VALUES ('perhaps')")
            }
        } throws: { error in
            switch (error as? StoreError, expected) {
            case (.full, .full), (.uncertain, .uncertain), (.failed, .failed): true
            default: false
            }
        }
        switch (await store.health(), health) {
        case (.healthy, .healthy), (.failed, .failed): break
        case (let other, _): Issue.record("the store says it is \(other)")
        }
    }

    @Test("errors that are no fault of the store's leave the store healthy")
    func otherErrors() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        try await add(store, "once")
        await #expect(throws: DatabaseError.self) { try await add(store, "once") }
        #expect(await store.health() == .healthy)
        store.close()
    }
}

/// Fails one commit as SQLite would.
private final class BrokenCommit: TransactionObserver {
    private var code: ResultCode?

    init(_ code: ResultCode) { self.code = code }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidCommit(_ database: Database) {}
    func databaseDidRollback(_ database: Database) {}

    func databaseWillCommit() throws {
        defer { code = nil }
        if let code { throw DatabaseError(resultCode: code, message: "in the commit") }
    }
}
