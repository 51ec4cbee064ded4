import Contracts
import Foundation
import GRDB
import Resilience
import Storage
import TestSupport
import Testing

@testable import Runtime

@Suite("What a service does about its disk", .timeLimit(.minutes(10)))
struct StorageRoutesTests {
    private func free() throws -> Int64 {
        try #require(StorageReserve(folder: "/tmp", bytes: 0, time: .system).freeBytes)
    }

    private func statuses(_ service: RunningService<SmallService>) async throws -> [String: Int] {
        var statuses: [String: Int] = [:]
        for path in ["/begin", "/help", "/finish"] { statuses[path] = try await service.post(path).status }
        for path in ["/queue", "/readyz"] { statuses[path] = try await service.get(path).status }
        return statuses
    }

    @Test(
        "with room beyond the reserve, and without a reserve, everything is served", arguments: ["1KiB", "0"])
    func room(reserve: String) async throws {
        try await withService(SmallService.self, settings: ["STORAGE_RESERVE": reserve]) { service in
            let statuses = try await statuses(service)
            #expect(Set(statuses.values) == [200, 201])
        }
    }

    @Test("below the reserve new work is refused before it is read; what was begun and reading go on")
    func belowReserve() async throws {
        try await withService(SmallService.self, settings: ["STORAGE_RESERVE": "1TiB"]) { service in
            let statuses = try await statuses(service)
            #expect(statuses == ["/begin": 503, "/help": 503, "/finish": 201, "/queue": 200, "/readyz": 200])
            let refusal = try await service.post("/begin", text: "not even JSON")
            #expect(refusal.problem?.code == "storage-full" && refusal.header("Retry-After") != nil)
            // Callers without a token learn nothing of the disk.
            #expect(try await service.post("/help", token: nil).status == 401)
        }
    }

    @Test("what other services ask for may use half of the reserve, so that a shared disk lets orders finish")
    func halfReserve() async throws {
        let reserve = "\(try free() / 2 * 3)"
        try await withService(SmallService.self, settings: ["STORAGE_RESERVE": reserve]) { service in
            let statuses = try await statuses(service)
            #expect(statuses["/begin"] == 503 && statuses["/help"] == 201)
        }
    }

    @Test("what is free is among the metrics")
    func metric() async throws {
        try await withService(SmallService.self) { service in
            let page = try await service.get("/metrics").text
            let line = try #require(
                page.split(separator: "\n").first { $0.hasPrefix("csp_storage_free_bytes ") })
            #expect(Double(line.split(separator: " ")[1]) ?? 0 > 0)
        }
    }

    @Test(
        "after the disk has failed nothing is confirmed, and the service is unready; a full disk is named"
    )
    func unready() async throws {
        try await withService(SmallService.self) { service in
            try? await service.application.store.write { _ in
                throw DatabaseError(resultCode: .SQLITE_IOERR_FSYNC)
            }
            let answer = try await service.post("/finish")
            #expect(answer.status == 503 && answer.problem?.code == "storage-failed")
            let ready = try await service.get("/readyz")
            #expect(ready.status == 503 && ready.problem?.code == "store-failed")
            #expect(ready.problem?.detail.contains("restart") == true)
            #expect(try await service.get("/livez").status == 200)
            #expect(try await service.get("/queue").status == 200)
        }
    }

    @Test(
        "a passing failure is a 503 with Retry-After; meanwhile the service is unready and says so"
    )
    func passing() async throws {
        try await withService(SmallService.self) { service in
            for code in [ResultCode.SQLITE_CANTOPEN, .SQLITE_IOERR_GETTEMPPATH, .SQLITE_NOMEM] {
                let answer = try await service.post("/fail/\(code.rawValue)")
                #expect(answer.status == 503 && answer.problem?.code == "storage-unavailable")
                #expect(answer.header("Retry-After") == "1")
                #expect(try await service.post("/finish").status == 201)
            }
            let store = service.application.store
            try await store.write { try $0.execute(sql: "PRAGMA busy_timeout = 0") }
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let other = try DatabaseQueue(path: store.path, configuration: configuration)
            try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
            #expect(try await service.post("/finish").problem?.code == "storage-unavailable")
            let ready = try await service.get("/readyz")
            #expect(ready.status == 503 && ready.problem?.code == "store-unavailable")
            try await other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
            #expect(try await service.get("/readyz").status == 200)
            #expect(try await service.post("/finish").status == 201)
        }
    }

    @Test("a copy is made for administrators, at an absolute path where nothing is yet")
    func backup() async throws {
        let elsewhere = try TemporaryFolder()
        try await withService(SmallService.self) { service in
            func backUp(_ path: String, token: String? = TestTokens.administrator) async throws -> TestAnswer
            {
                try await service.post("/backup", BackupRequest(path: path), token: token)
            }
            let path = elsewhere.path + "/small.sqlite"
            #expect(try await backUp(path, token: nil).status == 401)
            #expect(try await backUp(path, token: TestTokens.service).status == 401)
            let made = try await backUp(path)
            let receipt = try made.decode(BackupReceipt.self)
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            #expect(made.status == 201 && receipt.path == path && Int(receipt.bytes) == size)
            let again = try await backUp(path)
            #expect(again.status == 409 && again.problem?.code == "file-exists")
            for unusable in [
                "small.sqlite", "", elsewhere.path + "/", elsewhere.path + "/no/such/folder.sqlite",
            ] {
                let answer = try await backUp(unusable)
                #expect(answer.status == 422 && answer.problem?.errors?.map(\.pointer) == ["/path"])
            }
            #expect(try await service.post("/backup", text: "{}", contentType: nil).status == 401)
        }
    }
}
