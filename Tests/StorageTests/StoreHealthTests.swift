import GRDB
import Storage
import TestSupport
import Testing

/// The disk's errors are thrown from inside a write, where SQLite would throw them; Tests/SystemTests has real ones.
@Suite("A store whose disk fails")
struct StoreHealthTests {
    private func fail(_ store: Store, _ code: ResultCode) async throws {
        try await store.write { _ in throw DatabaseError(resultCode: code, message: "the disk says so") }
    }

    @Test(
        "after an error of the disk nothing is written any more, though the next write might succeed",
        arguments: [ResultCode.SQLITE_IOERR_FSYNC, .SQLITE_IOERR_WRITE, .SQLITE_CORRUPT, .SQLITE_READONLY])
    func failsClosed(code: ResultCode) async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        try await add(store, "before")
        await #expect {
            try await fail(store, code)
        } throws: { error in
            if case StoreError.failed(let reason) = error { reason.contains("the disk says so") } else { false }
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

    @Test("everybody whose write shares the failed transaction is told so, and nothing of it is kept")
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

    @Test("errors that are no fault of the disk's leave the store healthy")
    func otherErrors() async throws {
        let folder = try TemporaryFolder()
        let store = try open(folder)
        try await add(store, "once")
        await #expect(throws: DatabaseError.self) { try await add(store, "once") }
        #expect(await store.health() == .healthy)
        store.close()
    }
}
