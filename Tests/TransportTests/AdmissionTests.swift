import Contracts
import Foundation
import Resilience
import ServingPath
import TestSupport
import Testing

@testable import Transport

@Suite("Admission", .timeLimit(.minutes(10)))
struct AdmissionTests {
    private let token = ["authorization": "Bearer \(TestTokens.service)"]

    @Test("an excess request is refused with the contract's problem, and the connection stays")
    func refusal() async throws {
        try await AdmissionServer.run { server in
            let first = try server.connect()
            first.send("POST", "/order", body: "{}")
            await server.begun.until { $0.count == 1 }
            let second = try server.connect()
            for _ in 0..<3 {
                second.send("POST", "/order?x=1", body: "{}")
                let answer = try #require(await second.answer())
                #expect(answer.status == 503)
                #expect(answer.headers["content-type"] == "application/problem+json")
                #expect((1...3).contains(Int(answer.headers["retry-after"] ?? "") ?? 0))
                let problem = try JSON.decode(ProblemDocument.self, from: Data(answer.body.utf8))
                #expect(problem.code == "overloaded" && problem.status == 503 && problem.instance == "/order")
                #expect(
                    problem.type == "urn:csp:problem:overloaded" && !problem.title.isEmpty
                        && !problem.detail.isEmpty)
            }
            server.end("/order")
            #expect(await first.answer()?.status == 200)
            second.send("POST", "/order", body: #"{"a":1}"#)
            #expect(await second.answer()?.body.contains(#"{\"a\":1}"#) == true)
            #expect(server.begun.value.count == 2)
            #expect(server.admission.document?.shed["critical-plus"] == 3)
            #expect(server.admission.document?.admitted["critical-plus"] == 2)
        }
    }

    @Test("the body of a refused request is skipped, however it is sent, and the next one is answered")
    func swallowing() async throws {
        try await AdmissionServer.run { server in
            let connection = try server.connect()
            let body = String(repeating: "GET /page HTTP/1.1\r\n\r\n", count: 1000)
            connection.send(
                """
                POST /order HTTP/1.1\r\nhost: test\r\ncsp-deadline-ms: 0\r\n\
                content-length: \(body.utf8.count)\r\n\r\n
                """
            )
            #expect(await connection.answer()?.status == 503)
            connection.send(body)
            connection.send(
                """
                POST /order HTTP/1.1\r\nhost: test\r\ncsp-deadline-ms: 0\r\n\
                transfer-encoding: chunked\r\n\r\n4\r\nGET \r\n0\r\n\r\n
                """
            )
            #expect(await connection.answer()?.status == 503)
            connection.send("GET", "/livez")
            #expect(await connection.answer()?.body == #"{"status":"alive"}"#)
            #expect(server.begun.value.isEmpty)
        }
    }

    @Test("answers pipelined requests in their order, refused ones and probes among them")
    func pipelining() async throws {
        try await AdmissionServer.run { server in
            let connection = try server.connect()
            connection.send("GET", "/order/1")
            connection.send("GET", "/order/9", headers: ["csp-deadline-ms": "0"])
            connection.send("GET", "/livez")
            connection.send("POST", "/order", body: #"{"a":1}"#)
            connection.send("GET", "/order/2")
            await server.begun.until { $0 == ["/order/1"] }
            for path in ["/order", "/order/2", "/order/1"] { server.end(path) }
            #expect(await connection.answer()?.body.contains("/order/1") == true)
            #expect(await connection.answer()?.body.contains("deadline-exceeded") == true)
            #expect(await connection.answer()?.body.contains("alive") == true)
            #expect(await connection.answer()?.body.contains(#"{\"a\":1}"#) == true)
            #expect(await connection.answer()?.body.contains("/order/2") == true)
            #expect(server.begun.value == ["/order/1", "/order", "/order/2"])
        }
    }

    @Test("never sheds a probe, nor counts it")
    func probes() async throws {
        try await AdmissionServer.run { server in
            let first = try server.connect()
            first.send("POST", "/order", body: "{}")
            await server.begun.until { $0.count == 1 }
            let second = try server.connect()
            for method in ["GET", "HEAD"] {
                second.send(
                    method, "/livez", headers: ["csp-deadline-ms": "0", "csp-criticality": "sheddable"])
                #expect(await second.answer(isHead: method == "HEAD")?.status == 200)
            }
            #expect(server.admission.shedder?.snapshot.admitted == [0, 0, 0, 1])
        }
    }

    @Test("a permit is kept until the work ends, also when its client has gone")
    func disconnected() async throws {
        try await AdmissionServer.run { server in
            let first = try server.connect()
            first.send("POST", "/order", body: "{}")
            await server.begun.until { $0.count == 1 }
            first.close()
            let second = try server.connect()
            second.send("POST", "/order", body: "{}")
            #expect(await second.answer()?.status == 503)
            #expect(server.admission.shedder?.snapshot.inFlight == 1)
            server.end("/order")
            await server.until { $0.inFlight == 0 }
            second.send("POST", "/order", body: "{}")
            #expect(await second.answer()?.status == 200)
        }
    }

    @Test("a waiting client that goes away leaves the queue, and its request is never begun")
    func leaving() async throws {
        try await AdmissionServer.run(shedder: .oneAndAQueue) { server in
            let first = try server.connect()
            first.send("GET", "/order/1")
            await server.begun.until { $0.count == 1 }
            let second = try server.connect()
            second.send("POST", "/order", body: "{}")
            await server.until { $0.waiting == 1 }
            second.reset()
            await server.until { $0.waiting == 0 }
            server.end("/order/1")
            #expect(await first.answer()?.status == 200)
            #expect(server.begun.value == ["/order/1"])
            await server.until { $0.inFlight == 0 }
        }
    }

    @Test("waiting requests are served in turn, with the bodies that came meanwhile")
    func waiting() async throws {
        try await AdmissionServer.run(shedder: .oneAndAQueue) { server in
            let first = try server.connect()
            first.send("GET", "/order/1")
            await server.begun.until { $0.count == 1 }
            let second = try server.connect()
            second.send("POST", "/order", body: String(repeating: "x", count: 200_000))
            second.send("GET", "/order/2")
            await server.until { $0.waiting == 1 }
            for path in ["/order/1", "/order", "/order/2"] { server.end(path) }
            #expect(await first.answer()?.status == 200)
            #expect((await second.answer()?.body.count ?? 0) > 200_000)
            #expect(await second.answer()?.status == 200)
        }
    }

    @Test("a request whose body is still coming takes no permit")
    func slowBody() async throws {
        try await AdmissionServer.run { server in
            let slow = try server.connect()
            slow.send("POST /order HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n{")
            let second = try server.connect()
            server.end("/order")
            second.send("POST", "/order", body: "{}")
            #expect(await second.answer()?.status == 200)
            slow.send("}")
            #expect(await slow.answer()?.status == 200)
        }
    }

    @Test("a request past its deadline is never begun, whether it came late or waited too long")
    func deadlines() async throws {
        try await AdmissionServer.run(shedder: .oneAndAQueue) { server in
            let first = try server.connect()
            first.send("GET", "/order/1", headers: ["csp-deadline-ms": "-5"])
            #expect(await first.answer()?.body.contains("deadline-exceeded") == true)
            first.send("GET", "/order/1", headers: ["csp-deadline-ms": "soon"])
            await server.begun.until { $0.count == 1 }
            let second = try server.connect()
            second.send("POST", "/order", headers: ["csp-deadline-ms": "20"], body: "{}")
            let answer = try #require(await second.answer())
            #expect(answer.status == 503 && answer.body.contains("deadline-exceeded"))
            #expect(answer.headers["retry-after"] == "1")
            #expect(server.begun.value == ["/order/1"])
        }
    }

    @Test("any caller may lower a request's criticality, only services with the token may raise it")
    func criticality() async throws {
        try await AdmissionServer.run(shedder: .init(minimum: 100, maximum: 100)) { [token] server in
            let connection = try server.connect()
            for path in ["/page", "/order/1"] { server.end(path) }
            func ask(_ path: String, _ headers: [String: String], _ expected: String) async {
                connection.send("GET", path, headers: headers)
                let answer = await connection.answer()
                // What the work sees is what it was admitted with.
                #expect(answer?.body.contains(#""criticality":"\#(expected)""#) == true)
            }
            let highest = ["csp-criticality": "critical-plus"]
            await ask("/order/1", [:], "critical")
            await ask("/order/1", ["csp-criticality": "sheddable"], "sheddable")
            await ask("/order/1", highest, "critical")
            await ask("/order/1", highest.merging(["authorization": "Bearer wrong"]) { $1 }, "critical")
            await ask("/page", highest.merging(token) { $1 }, "critical-plus")
            await ask("/page", ["csp-criticality": "nonsense"], "sheddable-plus")
            await ask("/page", [:], "sheddable-plus")
            #expect(server.admission.shedder?.snapshot.admitted == [1, 2, 3, 1])
        }
    }

    @Test(
        "a route is found in every spelling in which the router finds it",
        arguments: ["/order/1", "//order/1", "/order//1/", "http://shop.test/order/1"])
    func spellings(path: String) async throws {
        try await AdmissionServer.run(shedder: .init(minimum: 100, maximum: 100)) { server in
            server.end(path.hasPrefix("http") ? "/order/1" : path)
            let connection = try server.connect()
            connection.send("GET", path)
            #expect(await connection.answer()?.body.contains(#""criticality":"critical""#) == true)
            #expect(server.admission.shedder?.snapshot.admitted == [0, 0, 1, 0])
            connection.send("GET", path.replacing(/order.*/, with: "livez"))
            #expect(await connection.answer()?.body == #"{"status":"alive"}"#)
            #expect(server.admission.shedder?.snapshot.admitted == [0, 0, 1, 0])
        }
    }

    @Test("the lowest criticality is refused first, and a share is reserved for the highest")
    func shares() async throws {
        try await AdmissionServer.run(
            shedder: .init(minimum: 4, maximum: 4, maximumQueueTime: .milliseconds(1))
        ) { server in
            func ask(_ method: String, _ path: String) async throws -> RawConnection {
                let connection = try server.connect()
                connection.send(method, path, body: method == "POST" ? "{}" : nil)
                return connection
            }
            var connections: [RawConnection] = []
            for _ in 0..<3 { connections.append(try await ask("GET", "/page")) }
            await server.begun.until { $0.count == 3 }
            let refused = try await ask("GET", "/page")
            #expect(await refused.answer()?.status == 503)
            connections.append(try await ask("POST", "/order"))
            await server.begun.until { $0.count == 4 }
            #expect(
                server.admission.document?.shed == [
                    "critical-plus": 0, "critical": 0, "sheddable-plus": 1, "sheddable": 0,
                ])
        }
    }

    @Test("a refused HEAD gets the head alone")
    func heads() async throws {
        try await AdmissionServer.run { server in
            let first = try server.connect()
            first.send("GET", "/order/1")
            await server.begun.until { $0.count == 1 }
            let second = try server.connect()
            second.send("HEAD", "/page")
            let answer = try #require(await second.answer(isHead: true))
            #expect(answer.status == 503 && Int(answer.headers["content-length"] ?? "") ?? 0 > 0)
            second.send("GET", "/livez")
            #expect(await second.answer()?.status == 200)
        }
    }

    @Test("a client that asks first whether to send its body is told to, or refused at once")
    func expectations() async throws {
        try await AdmissionServer.run { server in
            server.end("/order")
            let connection = try server.connect()
            let head = "POST /order HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 2\r\n"
            connection.send(head + "\r\n")
            #expect(await connection.answer()?.status == 100)
            connection.send("{}")
            #expect(await connection.answer()?.status == 200)
            connection.send(head + "csp-deadline-ms: 0\r\n\r\n")
            #expect(await connection.answer()?.status == 503)
        }
    }

    @Test("a client that closes its own side while it waits still gets the answer")
    func halfClosed() async throws {
        try await AdmissionServer.run(shedder: .oneAndAQueue) { server in
            let first = try server.connect()
            first.send("GET", "/order/1")
            await server.begun.until { $0.count == 1 }
            let second = try server.connect()
            second.send("POST", "/order", body: "{}")
            await server.until { $0.waiting == 1 }
            second.closeOutput()
            for path in ["/order/1", "/order"] { server.end(path) }
            #expect(await first.answer()?.status == 200)
            #expect(await second.answer()?.status == 200)
            #expect(await second.ends())
        }
    }

    @Test("a connection that is to end does, after its answer", arguments: ["0", "60000"])
    func closing(deadline: String) async throws {
        try await AdmissionServer.run { server in
            server.end("/order")
            let connection = try server.connect()
            connection.send(
                "POST", "/order", headers: ["connection": "close", "csp-deadline-ms": deadline], body: "{}")
            let answer = try #require(await connection.answer())
            #expect(answer.status == (deadline == "0" ? 503 : 200))
            #expect(answer.headers["connection"] == "close")
            #expect(await connection.ends())
        }
    }

    @Test("an upgrade to another protocol is ignored", arguments: ["websocket", "h2c"])
    func upgrade(wish: String) async throws {
        try await AdmissionServer.run { server in
            server.end("/page")
            let connection = try server.connect()
            connection.send("GET", "/page", headers: ["upgrade": wish, "connection": "upgrade"])
            let answer = try #require(await connection.answer())
            #expect(answer.status == 200 && answer.headers["connection"] == "close")
            #expect(await connection.ends())
        }
    }

    @Test("a body beyond the limit is refused, and what follows it is answered")
    func tooLarge() async throws {
        try await AdmissionServer.run { server in
            let connection = try server.connect()
            connection.send("POST", "/order", body: String(repeating: "x", count: Call.largestBody + 1))
            let answer = try #require(await connection.answer())
            #expect(answer.status == 413 && answer.body.contains("body-too-large"))
            connection.send("GET", "/livez")
            #expect(await connection.answer()?.status == 200)
        }
    }

    @Test("what isn't HTTP is answered after what came before it")
    func garbage() async throws {
        try await AdmissionServer.run { server in
            let connection = try server.connect()
            connection.send("GET", "/order/1")
            connection.send("this is no request\r\n\r\n")
            await server.begun.until { $0.count == 1 }
            server.end("/order/1")
            #expect(await connection.answer()?.status == 200)
            #expect(await connection.answer()?.status == 400)
            #expect(await connection.ends())
        }
    }

    @Test("a connection that says nothing ends; one that waits for its answer doesn't")
    func silence() async throws {
        // Long enough to read a request that has arrived, also on a slow machine.
        try await AdmissionServer.run(idleTimeout: .seconds(2), requestTimeout: .seconds(2)) { server in
            let busy = try server.connect()
            busy.send("GET", "/order/1")
            await server.begun.until { $0.count == 1 }
            let silent = try server.connect()
            let slow = try server.connect()
            slow.send("POST /order HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n{")
            #expect(await silent.ends())
            #expect(await slow.ends())
            server.end("/order/1")
            #expect(await busy.answer()?.status == 200)
            #expect(await busy.ends())
        }
    }

    @Test("without a shedder nothing is shed")
    func naive() async throws {
        try await AdmissionServer.run(shedder: nil) { server in
            let connections = try (0..<50).map { _ in try server.connect() }
            for connection in connections { connection.send("GET", "/page") }
            await server.begun.until { $0.count == 50 }
            server.end("/page")
            for connection in connections { #expect(await connection.answer()?.status == 200) }
            #expect(server.admission.document == nil)
        }
    }
}
