import Contracts
import Foundation
import GRDB
import TestSupport
import Testing
import Transport

@Suite("Files that a service can't trust", .timeLimit(.minutes(20)), .serialized)
struct DiskDamageTests {
    private func start(_ folder: String) async throws -> Executables.Outcome {
        try await Executables.run(
            "order", [],
            environment: [
                "SERVICE_TOKEN": "t", "HTTP_PORT": "0", "DATA_DIR": folder, "LOG_LEVEL": "critical",
            ])
    }

    private func expectRefused(_ stack: SystemStack, because words: String) async throws {
        let outcome = try await start(stack.folder.path + "/order")
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.contains("/order/order.sqlite") && outcome.errors.contains(words),
            "\(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count == 1)
    }

    @Test("a damaged page, a foreign file and a newer store are refused with 1 and one line, by csp too")
    func refused() async throws {
        try await withSystemStack { stack in
            try await Customers(stack).order(8, each: 25)
            try await stack.csp("down")
            let file = URL(filePath: stack.folder.path + "/order/order.sqlite")
            let sound = try Data(contentsOf: file)
            let pages = sound.count / 4096
            try #require(pages > 10)

            var random = SeededRandomSource("a damaged page")
            var damaged = sound
            for index in (pages / 2 * 4096)..<((pages / 2 + 1) * 4096) {
                damaged[index] = UInt8(random.upTo(256))
            }
            try damaged.write(to: file)
            try await expectRefused(stack, because: "damaged")
            let up = try await stack.csp("up", "--detach", "--ports", "\(stack.base)", expecting: 1)
            #expect(up.errors.contains("damaged") && up.errors.split(separator: "\n").count == 1)

            try Data("sku,name,price\n".utf8).write(to: file)
            try await expectRefused(stack, because: "not a database")

            try sound.write(to: file)
            let newer = try DatabaseQueue(path: file.path)
            try await newer.write {
                try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('of-next-year')")
            }
            try newer.close()
            try await expectRefused(stack, because: "newer")

            try sound.write(to: file)
            try await stack.csp("up", "--detach", "--ports", "\(stack.base)")
            try await stack.csp("audit")
        }
    }

    @Test("damage in a large file makes the service unready, and the next start refuses it")
    func large() async throws {
        let folder = try TemporaryFolder()
        let client = HTTPClient()
        defer { client.shutdown() }
        let new = try await LoneService("coupon", data: folder.path, client: client)
        try await new.untilReady()
        await new.kill()
        let file = URL(filePath: folder.path + "/coupon.sqlite")
        let large = try DatabaseQueue(path: file.path)
        try await large.write { database in
            try database.execute(sql: "CREATE TABLE padding (content BLOB)")
            for _ in 0..<5000 { try database.execute(sql: "INSERT INTO padding VALUES (zeroblob(4000))") }
        }
        try large.close()
        var content = try Data(contentsOf: file)
        try #require(content.count > 16 << 20)
        var random = SeededRandomSource("a damaged page of many")
        let page = content.count / 4096 / 2
        for index in page * 4096..<(page + 1) * 4096 { content[index] = UInt8(random.upTo(256)) }
        try content.write(to: file)

        let service = try await LoneService("coupon", data: folder.path, client: client)
        var answer = try await service.get("/readyz")
        try await eventually {
            answer = try await service.get("/readyz")
            return answer.status == 503
        }
        let problem = String(decoding: answer.body, as: UTF8.self)
        #expect(
            problem.contains("store-failed") && problem.contains("is damaged")
                && problem.contains("Restore a backup"))
        await service.kill()

        let outcome = try await Executables.run(
            "coupon", [],
            environment: [
                "SERVICE_TOKEN": "t", "HTTP_PORT": "0", "DATA_DIR": folder.path, "LOG_LEVEL": "critical",
            ])
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.contains("/coupon.sqlite") && outcome.errors.contains("it is damaged"),
            "\(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count == 1)
    }
}
