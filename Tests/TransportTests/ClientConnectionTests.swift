import TestSupport
import Testing
import Transport

/// Connections kept and lost, calls cancelled, the client shut down.
@Suite("HTTP client's connections and calls", .timeLimit(.minutes(10)))
struct ClientConnectionTests {
    let client = HTTPClient()
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    func post(_ server: MisbehavingServer) -> HTTPClient.Request {
        HTTPClient.Request(
            method: "POST", url: server.url, body: [1, 2, 3], connectTimeout: .seconds(30),
            timeout: .seconds(30))
    }

    @Test("calls one after the other share a connection")
    func keepAlive() async throws {
        let server = try MisbehavingServer(behaviour: .answer(ok))
        defer { server.stop() }
        for _ in 0..<10 { #expect(try await client.send(post(server)).status == 200) }
        #expect(server.seen.accepted == 1)
        #expect(server.seen.requests.count == 10)
    }

    @Test("a kept connection that the server closed between two calls costs the second one nothing")
    func closedBetweenCalls() async throws {
        let server = try MisbehavingServer(behaviour: .answer(ok))
        defer { server.stop() }
        for round in 1...20 {
            #expect(try await client.send(post(server)).status == 200)
            server.dropConnections()
            await server.until { $0.ended == round }
        }
        #expect(server.seen.requests.count == 20)
    }

    @Test(
        "a request whose kept connection dies under it is not sent again behind the caller's back",
        arguments: ["GET", "POST"])
    func neverSentTwice(method: String) async throws {
        let ok = ok
        let server = try MisbehavingServer(
            behaviour: .script { connection in
                guard connection.readRequest() != nil, connection.write(Array(ok.utf8)) else { return }
                _ = connection.readRequest()
            })
        defer { server.stop() }
        var request = post(server)
        request.method = method
        _ = try await client.send(request)
        await #expect {
            _ = try await client.send(request)
        } throws: {
            ($0 as? HTTPClientError)?.isClosed == true
        }
        #expect(server.seen.requests.count == 2)
    }

    @Test("two hundred calls at once all get their own answer, over no more connections than allowed")
    func manyAtOnce() async throws {
        let client = HTTPClient(maximumConnectionsPerHost: 16)
        let server = try MisbehavingServer(
            behaviour: .script { connection in
                while let request = connection.readRequest() {
                    let number = request.split(separator: " ")[1].dropFirst()
                    let answer = "HTTP/1.1 200 OK\r\nContent-Length: \(number.count)\r\n\r\n\(number)"
                    guard connection.write(Array(answer.utf8)) else { return }
                }
            })
        defer { server.stop() }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let request = HTTPClient.Request(
                        url: "\(server.url)/\(number)", connectTimeout: .seconds(30), timeout: .seconds(30))
                    return try await client.send(request).body == Array("\(number)".utf8)
                }
            }
            for try await own in group { #expect(own) }
        }
        #expect(server.seen.accepted <= 16)
        #expect(server.seen.requests.count == 200)
    }

    @Test(
        "a call that waits in vain for a free connection was not sent, and doesn't wait for the others",
        arguments: [(100, 20_000), (20_000, 100)])
    func noFreeConnection(connectTimeout: Int, timeout: Int) async throws {
        let client = HTTPClient(maximumConnectionsPerHost: 1)
        let server = try MisbehavingServer(behaviour: .hang)
        defer { server.stop() }
        let first = Task { [request = post(server)] in try await client.send(request) }
        await server.until { $0.requests.count == 1 }
        let waiting = HTTPClient.Request(
            url: server.url, connectTimeout: .milliseconds(connectTimeout), timeout: .milliseconds(timeout))
        await #expect(throws: HTTPClientError.noFreeConnection) { _ = try await client.send(waiting) }
        // The first call still hangs: the second didn't wait for its end.
        #expect(server.seen.ended == 0)
        first.cancel()
        await #expect(throws: HTTPClientError.cancelled) { try await first.value }
        #expect(server.seen.requests.count == 1)
    }

    @Test("a thousand calls through one connection all have their turn")
    func oneConnection() async throws {
        let client = HTTPClient(maximumConnectionsPerHost: 1)
        let server = try MisbehavingServer(behaviour: .answer(ok))
        defer { server.stop() }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<1_000 {
                group.addTask { [request = post(server)] in try await client.send(request).status }
            }
            for try await status in group { #expect(status == 200) }
        }
        #expect(server.seen.accepted == 1)
    }

    @Test("a cancelled call makes room for one that waits")
    func cancellationFreesConnection() async throws {
        let client = HTTPClient(maximumConnectionsPerHost: 1)
        let server = try MisbehavingServer(behaviour: .hang)
        defer { server.stop() }
        let first = Task { [request = post(server)] in try await client.send(request) }
        await server.until { $0.requests.count == 1 }
        let second = Task { [request = post(server)] in try await client.send(request) }
        first.cancel()
        await server.until { $0.requests.count == 2 }
        second.cancel()
        await #expect(throws: HTTPClientError.cancelled) { try await second.value }
    }

    @Test("cancelling a call in flight ends it and closes its connection")
    func cancelInFlight() async throws {
        let server = try MisbehavingServer(behaviour: .hang)
        defer { server.stop() }
        let call = Task { [client, request = post(server)] in try await client.send(request) }
        await server.until { $0.requests.count == 1 }
        call.cancel()
        await #expect(throws: HTTPClientError.cancelled) { try await call.value }
        await server.until { $0.ended == 1 }
    }

    @Test("a task cancelled before it calls never reaches the server")
    func cancelledBefore() async throws {
        let server = try MisbehavingServer(behaviour: .hang)
        defer { server.stop() }
        let gate = Watched(false)
        let call = Task { [client, request = post(server)] in
            await gate.until(evenIfCancelled: true) { $0 }
            return try await client.send(request)
        }
        call.cancel()
        gate.update { $0 = true }
        await #expect(throws: HTTPClientError.cancelled) { try await call.value }
        #expect(server.seen.accepted == 0)
    }

    @Test("a cancellation at any time of a call ends it, and leaves the client in order")
    func cancelAtOnce() async throws {
        let server = try MisbehavingServer(behaviour: .hang)
        defer { server.stop() }
        for _ in 0..<1_000 {
            let call = Task { [client, request = post(server)] in try await client.send(request) }
            call.cancel()
            await #expect(throws: HTTPClientError.cancelled) { try await call.value }
        }
        let healthy = try MisbehavingServer(behaviour: .answer(ok))
        defer { healthy.stop() }
        #expect(try await client.send(post(healthy)).status == 200)
    }

    @Test("a cancellation that races the answer gives the one or the other")
    func cancelAgainstAnswer() async throws {
        let server = try MisbehavingServer(behaviour: .answer(ok))
        defer { server.stop() }
        for round in 0..<500 {
            let call = Task { [client, request = post(server)] in try await client.send(request) }
            for _ in 0..<(round % 20) { await Task.yield() }
            call.cancel()
            switch await call.result {
            case .success(let response): #expect(response.body == Array("ok".utf8))
            case .failure(let error): #expect(error as? HTTPClientError == .cancelled)
            }
        }
    }

    @Test("shutting down fails what is in flight and whatever comes later, as often as it is asked")
    func shutdown() async throws {
        let server = try MisbehavingServer(behaviour: .hang)
        defer { server.stop() }
        let calls = (0..<20).map { _ in
            Task { [client, request = post(server)] in try await client.send(request) }
        }
        await server.until { $0.requests.count == 20 }
        client.shutdown()
        for call in calls {
            await #expect(throws: HTTPClientError.shutDown) { try await call.value }
        }
        await server.until { $0.ended == 20 }
        client.shutdown()
        await #expect(throws: HTTPClientError.shutDown) { try await client.send(post(server)) }
    }

    @Test("a client without references closes its connections")
    func released() async throws {
        let server = try MisbehavingServer(behaviour: .answer(ok))
        defer { server.stop() }
        _ = try await HTTPClient().send(post(server))
        await server.until { $0.ended == 1 }
    }
}
