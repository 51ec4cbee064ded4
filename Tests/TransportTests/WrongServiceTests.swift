import Contracts
import Resilience
import ServingPath
import TestSupport
import Testing

@testable import Transport

/// Services that restarted with each other's address, as containers do.
@Suite("An answer of another service", .timeLimit(.minutes(10)))
struct WrongServiceTests {
    private let client = HTTPClient()
    private let naming = Watched("payment/0.2.0")

    private func server() throws -> MisbehavingServer {
        try MisbehavingServer(
            behaviour: .answer(now: { [naming] in
                let header = naming.value.isEmpty ? "" : "CSP-Service: \(naming.value)\r\n"
                return "HTTP/1.1 200 OK\r\n\(header)Content-Length: 10\r\n\r\n{\"id\":\"1\"}"
            }))
    }

    private func request(_ server: MisbehavingServer, _ path: String = "/") -> HTTPClient.Request {
        HTTPClient.Request(
            url: server.url + path, service: "payment", connectTimeout: .seconds(30), timeout: .seconds(30))
    }

    @Test("the service that is meant is taken in any version, and an answer that names none as well")
    func right() async throws {
        let server = try server()
        defer { server.stop() }
        for name in ["payment/0.2.0", "payment/2.3.4-beta", "payment", ""] {
            naming.update { $0 = name }
            #expect(try await client.send(request(server)).status == 200)
        }
        #expect(server.seen.accepted == 1)
    }

    @Test(
        "another one's is none, and no connection from before it is used again",
        arguments: ["coupon/0.2.0", "Payment/0.2.0", "/"])
    func wrong(name: String) async throws {
        let both = Watched(0)
        let naming = naming
        let server = try MisbehavingServer(
            behaviour: .script { connection in
                while let request = connection.readRequest() {
                    if request.contains("/both") {
                        // Answered when both are here, so that each has a connection of its own.
                        both.update { $0 += 1 }
                        while both.value < 2 { guard connection.peerStays(milliseconds: 1) else { return } }
                    }
                    let answer =
                        "HTTP/1.1 200 OK\r\ncsp-service: \(naming.value)\r\nContent-Length: 2\r\n\r\nok"
                    guard connection.write(Array(answer.utf8)) else { return }
                }
            })
        defer { server.stop() }
        async let one = client.send(request(server, "/both"))
        async let other = client.send(request(server, "/both"))
        #expect(try await [one.status, other.status] == [200, 200])
        #expect(server.seen.accepted == 2)

        naming.update { $0 = name }
        let answering = String(name.prefix { $0 != "/" })
        await #expect(throws: HTTPClientError.wrongService(answering)) {
            try await client.send(request(server))
        }
        await server.until { $0.ended == 1 }
        naming.update { $0 = "payment/0.2.0" }
        // The other connection from before is still open, and may lead to the wrong service too.
        #expect(try await client.send(request(server)).status == 200)
        #expect(server.seen.accepted == 3)
    }

    @Test("to a caller it is as good as none, and a service that answers instead of another isn't ready")
    func client() async throws {
        let server = try server()
        defer { server.stop() }
        let client = ServiceClient(service: "payment", baseURL: server.url, token: "t", http: client)
        struct Thing: Decodable { var id: String }
        func call() async throws(CallError) -> String {
            let thing: Thing = try await client.call(
                "GET", "/things/1", in: CallContext(deadline: .after(.seconds(30))))
            return thing.id
        }
        #expect(try await call() == "1")
        #expect(await client.isReady(by: .after(.seconds(30))))
        naming.update { $0 = "coupon/0.2.0" }
        await #expect {
            _ = try await call()
        } throws: { error in
            guard case .unavailable(let why)? = error as? CallError else { return false }
            return why.reason == .invalidAnswer
        }
        #expect(await !client.isReady(by: .after(.seconds(30))))
    }

    @Test("which connections may be used afterwards: none from before, and in time those from after it")
    func reuse() {
        let distrust = ContinuousClock.now
        func mayUse(madeAfter made: Duration, at now: Duration) -> Bool {
            let reuse = ConnectionReuse(now: distrust + now, distrust: distrust)
            // As libcurl counts: whole seconds, and 0 is any age.
            let age = (now - made).components.seconds
            return !reuse.isForbidden && (reuse.maximumAge == 0 || age <= reuse.maximumAge)
        }
        for now in (0..<200).map({ Duration.milliseconds($0 * 173) }) {
            for before in [1, 400, 999, 1000, 1700, 60_000] {
                #expect(!mayUse(madeAfter: .milliseconds(-before), at: now))
            }
            if now >= .seconds(5) { #expect(mayUse(madeAfter: .seconds(3), at: now)) }
        }
        #expect(
            ConnectionReuse(now: .now, distrust: nil)
                == ConnectionReuse(now: .now + .seconds(9), distrust: nil))
        #expect(!ConnectionReuse(now: .now, distrust: nil).isForbidden)
    }
}
