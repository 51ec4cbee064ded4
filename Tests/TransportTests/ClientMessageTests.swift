import TestSupport
import Testing
import Transport

/// The requests sent, and the answers of a proper server.
@Suite("HTTP client's messages", .timeLimit(.minutes(10)))
struct ClientMessageTests {
    let client = HTTPClient()
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    /// The response of a server that answers `text`, and the request it saw.
    func exchange(
        _ text: String, method: String = "GET", headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil
    ) async throws -> (response: HTTPClient.Response, request: String) {
        let server = try MisbehavingServer(behaviour: .answer(text))
        defer { server.stop() }
        let request = HTTPClient.Request(
            method: method, url: server.url + "/a%20b?c=d", headers: headers, body: body,
            timeout: .seconds(30))
        let response = try await client.send(request)
        return (response, server.seen.requests.joined())
    }

    @Test("status, headers and body arrive; header names are found in any case")
    func response() async throws {
        let text =
            "HTTP/1.1 418 Teapot\r\nX-One: 1\r\nx-two:  2 \r\nX-One: 3\r\nContent-Length: 5\r\n\r\nhello"
        let response = try await exchange(text).response
        #expect(response.status == 418)
        #expect(response.headers.map(\.name) == ["X-One", "x-two", "X-One", "Content-Length"])
        #expect(response.headers.map(\.value) == ["1", "2", "3", "5"])
        #expect(response.header("X-TWO") == "2")
        #expect(response.header("x-one") == "1")
        #expect(response.header("absent") == nil)
        #expect(response.body == Array("hello".utf8))
    }

    @Test("a chunked body is put together, and its trailers are no headers")
    func chunked() async throws {
        let text =
            """
            HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
            3\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n
            """
        let response = try await exchange(text).response
        #expect(response.body == Array("abcde".utf8))
        #expect(response.headers.map(\.name) == ["Transfer-Encoding"])
    }

    @Test("method, target, headers and body go out as given, with nothing to wait for")
    func request() async throws {
        let seen = try await exchange(
            ok, method: "POST",
            headers: [("X-Id", "7"), ("X-Empty", ""), ("Content-Type", "application/json")],
            body: Array("{}".utf8)
        ).request
        #expect(seen.hasPrefix("POST /a%20b?c=d HTTP/1.1\r\n"))
        #expect(seen.contains("\r\nX-Id: 7\r\n"))
        #expect(seen.contains("\r\nX-Empty:\r\n"))
        #expect(seen.contains("\r\nContent-Type: application/json\r\n"))
        #expect(seen.contains("\r\nContent-Length: 2\r\n"))
        #expect(seen.hasSuffix("\r\n\r\n{}"))
    }

    @Test("a path goes out as it is, with what another client would fold")
    func pathAsIs() async throws {
        let server = try MisbehavingServer(behaviour: .answer(ok))
        defer { server.stop() }
        for path in ["/a/../b/./c", "/a/%2e%2e/b/%2E/c", "/..", "/a//b/"] {
            _ = try await client.send(HTTPClient.Request(url: server.url + path, timeout: .seconds(30)))
            #expect(server.seen.requests.last?.hasPrefix("GET \(path) HTTP/1.1\r\n") == true)
        }
    }

    @Test("a large body goes out whole and at once")
    func largeBody() async throws {
        let body = [UInt8](repeating: UInt8(ascii: "b"), count: 1_500_000)
        let seen = try await exchange(ok, method: "PUT", body: body).request
        #expect(seen.utf8.count > body.count)
        #expect(!seen.contains("Expect"))
        #expect(!seen.contains("Content-Type"))
    }

    @Test(
        "no body is no body, or an empty one where the method has one",
        arguments: ["GET", "DELETE", "OPTIONS", "POST", "PUT", "PATCH"])
    func noBody(method: String) async throws {
        let seen = try await exchange(ok, method: method).request
        #expect(seen.hasPrefix("\(method) /"))
        #expect(seen.contains("\r\nContent-Length: 0\r\n") == ["POST", "PUT", "PATCH"].contains(method))
        #expect(!seen.contains("Content-Type"))
    }

    @Test("one handle serves every method after every other")
    func methodsInTurn() async throws {
        let server = try MisbehavingServer(
            behaviour: .script { connection in
                while let request = connection.readRequest() {
                    let body = request.hasPrefix("HEAD") ? "" : "ok"
                    guard connection.write(Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\(body)".utf8))
                    else { return }
                }
            })
        defer { server.stop() }
        for method in ["POST", "GET", "HEAD", "DELETE", "HEAD", "POST", "GET", "PUT", "GET"] {
            let body: [UInt8]? = ["POST", "PUT"].contains(method) ? Array("in".utf8) : nil
            let response = try await client.send(
                .init(method: method, url: server.url, body: body, timeout: .seconds(30)))
            #expect(response.body == (method == "HEAD" ? [] : Array("ok".utf8)))
            let seen = try #require(server.seen.requests.last)
            #expect(seen.hasPrefix("\(method) / "))
            #expect(seen.hasSuffix(body == nil ? "\r\n\r\n" : "\r\n\r\nin"))
        }
        #expect(server.seen.accepted == 1)
    }

    @Test(
        "answers without a body have none, whatever length they tell",
        arguments: [("HEAD", 200), ("GET", 204), ("GET", 304)])
    func bodiless(method: String, status: Int) async throws {
        let length = status == 204 ? "" : "Content-Length: 99999999\r\n"
        let response = try await exchange("HTTP/1.1 \(status) X\r\n\(length)\r\n", method: method).response
        #expect(response.status == status)
        #expect(response.body.isEmpty)
    }

    @Test("interim answers are skipped, their headers too")
    func interim() async throws {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok
        let response = try await exchange(text).response
        #expect(response.status == 200)
        #expect(response.headers.map(\.name) == ["Content-Length"])
        #expect(response.body == Array("ok".utf8))
    }

    @Test("a redirect is an answer like any other")
    func redirect() async throws {
        let (response, seen) = try await exchange(
            "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        #expect(response.status == 302)
        #expect(response.header("location") == "/elsewhere")
        #expect(!seen.contains("elsewhere"))
    }

    @Test("a body of exactly the cap is let through")
    func atTheCap() async throws {
        let text =
            "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + String(repeating: "x", count: 1_048_576)
        #expect(try await exchange(text).response.body.count == 1_048_576)
    }

    @Test(
        "a URL that isn't http or https is refused",
        arguments: [
            "", "x", "127.0.0.1:80", "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/",
            "http://", "http://[",
            "http://127.0.0.1:99999/", "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y",
            "http://127.0.0.1/\u{0}",
        ])
    func badURL(url: String) async throws {
        await #expect("\(url)") {
            _ = try await client.send(.init(url: url))
        } throws: {
            ($0 as? HTTPClientError)?.isInvalidRequest == true
        }
    }

    @Test(
        "a header or method that would smuggle another is refused before anything is sent",
        arguments: [
            ("GET", "X", "a\r\nY: b"), ("GET", "X", "a\nb"), ("GET", "X", "a\u{0}b"), ("GET", "X\r\nY", "a"),
            ("GET", "X Y", "a"),
            ("GET", "", "a"), ("GET", "X:", "a"), ("POST", "content-length", "5"),
            ("POST", "Transfer-Encoding", "chunked"),
            ("GET / HTTP/1.1\r\nX: y\r\n", "X", "a"), ("", "X", "a"),
        ])
    func injection(method: String, name: String, value: String) async throws {
        let server = try MisbehavingServer(behaviour: .answer(ok))
        defer { server.stop() }
        await #expect {
            _ = try await client.send(.init(method: method, url: server.url, headers: [(name, value)]))
        } throws: {
            ($0 as? HTTPClientError)?.isInvalidRequest == true
        }
        #expect(server.seen.accepted == 0)
    }
}
