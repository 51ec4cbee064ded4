import TestSupport
import Testing
import Transport

/// How the client handles servers that do everything but answer properly.
@Suite("HTTP client against a misbehaving server", .timeLimit(.minutes(10)))
struct ClientMisbehaviourTests {
    let client = HTTPClient()

    /// What a call of `behaviour` throws; nil when it answers.
    func failure(
        of behaviour: MisbehavingServer.Behaviour, timeout: Duration = .seconds(30), body: [UInt8]? = nil
    ) async throws -> HTTPClientError? {
        let server = try MisbehavingServer(behaviour: behaviour)
        defer { server.stop() }
        let request = HTTPClient.Request(
            method: body == nil ? "GET" : "POST", url: server.url, body: body, timeout: timeout)
        do throws(HTTPClientError) {
            _ = try await client.send(request)
            return nil
        } catch {
            return error
        }
    }

    @Test("a refused connection is unreachable, and nothing was done")
    func refused() async throws {
        let error = try #require(try await failure(of: .refuse))
        #expect(error.isUnreachable)
        #expect(error.nothingWasDone)
    }

    @Test(
        "a connection that isn't accepted is unreachable after the connect timeout, before the total one"
    )
    func frozen() async throws {
        #expect(try #require(try await failure(of: .freeze)).isUnreachable)
    }

    @Test("a total timeout that passes while connecting is unreachable too, for nothing was sent")
    func frozenWithShortTotal() async throws {
        #expect(try #require(try await failure(of: .freeze, timeout: .milliseconds(50))).isUnreachable)
    }

    @Test("a name that doesn't exist is unreachable")
    func unknownName() async throws {
        await #expect {
            _ = try await client.send(.init(url: "http://unknown.invalid/", timeout: .seconds(5)))
        } throws: {
            ($0 as? HTTPClientError)?.isUnreachable == true
        }
    }

    @Test("a server that never answers is a timeout")
    func hangs() async throws {
        #expect(try await failure(of: .hang, timeout: .milliseconds(100)) == .timeout)
    }

    @Test("a timeout of nothing is a timeout without a call")
    func noTimeLeft() async throws {
        let server = try MisbehavingServer(behaviour: .hang)
        defer { server.stop() }
        for timeout in [Duration.zero, .milliseconds(-5)] {
            await #expect(throws: HTTPClientError.timeout) {
                try await client.send(.init(url: server.url, timeout: timeout))
            }
        }
        #expect(server.seen.accepted == 0)
    }

    @Test(
        "a server that drips a byte at a time is a timeout",
        arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"])
    func drips(head: String) async throws {
        let drip = head.isEmpty ? "HTTP/1.1 200 OK\r\nServer: " : head
        #expect(try await failure(of: .drip(drip), timeout: .milliseconds(300)) == .timeout)
    }

    @Test(
        "an answer that ends early is closed",
        arguments: [
            "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", "HTTP/1.1 100 Continue\r\n\r\n",
        ])
    func endsEarly(text: String) async throws {
        let error = try #require(try await failure(of: .answerAndClose(text), body: [1]))
        #expect(error.isClosed, "\(error)")
        #expect(!error.nothingWasDone)
    }

    @Test("a reset instead of an answer is closed")
    func resets() async throws {
        let behaviour = MisbehavingServer.Behaviour.script { connection in
            _ = connection.readRequest()
            connection.resetOnClose()
        }
        let error = try #require(try await failure(of: behaviour, body: [1]))
        #expect(error.isClosed, "\(error)")
    }

    @Test(
        "an answer that isn't HTTP is garbage",
        arguments: [
            "SSH-2.0-OpenSSH_9.2\r\n\r\n", "\u{0}\u{1}\u{2}\u{3}\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n",
            "HTTP/1.1 099 Low\r\n\r\n", "HTTP/1.1 999 High\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 90_000)
                + "\r\nContent-Length: 0\r\n\r\n",
        ])
    func garbage(text: String) async throws {
        let error = try await failure(of: .answerAndClose(text))
        #expect(error?.isGarbage == true, "\(String(describing: error))")
    }

    @Test("headers without end are garbage")
    func endlessHeaders() async throws {
        let lines = String(repeating: "X-Filler: filler\r\n", count: 10_000)
        let error = try await failure(of: .answer("HTTP/1.1 200 OK\r\n" + lines))
        #expect(error?.isGarbage == true, "\(String(describing: error))")
    }

    @Test(
        "a body over the cap is refused, announced or not",
        arguments: [
            "Content-Length: 1048577", "Content-Length: 99999999999999999999999",
            "Transfer-Encoding: identity",
            "Connection: close",
        ])
    func tooLarge(header: String) async throws {
        #expect(try await failure(of: .stream("HTTP/1.1 200 OK\r\n\(header)\r\n\r\n")) == .bodyTooLarge)
    }

    @Test("a chunked body over the cap is refused")
    func chunkedTooLarge() async throws {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFF\r\n"
        #expect(try await failure(of: .stream(head)) == .bodyTooLarge)
    }

    @Test(
        "a server that dies under a call is closed for it, and unreachable for the next",
        arguments: [false, true])
    func dies(resetting: Bool) async throws {
        let server = try MisbehavingServer(behaviour: .hang)
        let request = HTTPClient.Request(method: "POST", url: server.url, body: [1], timeout: .seconds(30))
        let first = Task { [client] in try await client.send(request) }
        await server.until { $0.requests.count == 1 }
        server.stop(resetting: resetting)
        await server.until { $0.ended == 1 }
        await #expect {
            _ = try await first.value
        } throws: {
            ($0 as? HTTPClientError)?.isClosed == true
        }
        await #expect {
            _ = try await client.send(.init(url: server.url, timeout: .seconds(30)))
        } throws: {
            ($0 as? HTTPClientError)?.isUnreachable == true
        }
    }
}

extension HTTPClientError {
    var isUnreachable: Bool { if case .unreachable = self { true } else { false } }
    var isClosed: Bool { if case .closed = self { true } else { false } }
    var isGarbage: Bool { if case .garbage = self { true } else { false } }
    var isInvalidRequest: Bool { if case .invalidRequest = self { true } else { false } }
}
