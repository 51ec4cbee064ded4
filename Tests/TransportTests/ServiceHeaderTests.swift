import Resilience
import ServingPath
import TestSupport
import Testing

@testable import Transport

@Suite("Each answer names its service", .timeLimit(.minutes(10)))
struct ServiceHeaderTests {
    private let name = "admission/0.2.0"

    private func expectNamed(_ answer: RawConnection.Answer?, _ status: Int) throws {
        let answer = try #require(answer)
        #expect(answer.status == status && answer.headers["csp-service"] == name, "\(answer)")
    }

    @Test("what routes answer, what there is no route for, and what the framework refuses by itself")
    func answered() async throws {
        try await AdmissionServer.run { server in
            server.end("/page")
            let connection = try server.connect()
            for (method, path, status) in [
                ("GET", "/page", 200), ("HEAD", "/page", 200), ("GET", "/livez", 200),
                ("GET", "/nowhere", 404),
                ("DELETE", "/page", 405),
            ] {
                connection.send(method, path)
                try expectNamed(await connection.answer(isHead: method == "HEAD"), status)
            }
            connection.send("GET", "/page", headers: ["connection": "close"])
            try expectNamed(await connection.answer(), 200)
            for head in [
                "GET /page HTTP/1.1\r\nno colon\r\n\r\n",
                "GET /page HTTP/1.1\r\nhost: a\r\nbad name: b\r\n\r\n",
            ] {
                let broken = try server.connect()
                broken.send(head)
                try expectNamed(await broken.answer(), 400)
            }
        }
    }

    @Test("what admission refuses: too much, too late, too large")
    func refused() async throws {
        try await AdmissionServer.run { server in
            let first = try server.connect()
            first.send("POST", "/order", body: "{}")
            await server.begun.until { $0.count == 1 }
            let second = try server.connect()
            second.send("POST", "/order", body: "{}")
            try expectNamed(await second.answer(), 503)
            second.send("POST", "/order", headers: ["csp-deadline-ms": "0"], body: "{}")
            try expectNamed(await second.answer(), 503)
            second.send("POST", "/order", body: String(repeating: "x", count: Call.largestBody + 1))
            try expectNamed(await second.answer(), 413)
            server.end("/order")
            try expectNamed(await first.answer(), 200)
        }
    }

    @Test("and a client that asks too often")
    func rateLimited() async throws {
        try await AdmissionServer.run(rate: 1, burst: 1, time: ManualTime().source) { server in
            server.end("/page")
            let connection = try server.connect()
            for status in [200, 429] {
                connection.send("GET", "/page")
                try expectNamed(await connection.answer(), status)
            }
        }
    }
}
