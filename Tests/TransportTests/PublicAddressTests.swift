import TestSupport
import Testing

@testable import Transport

@Suite("Public addresses", .timeLimit(.minutes(10)))
struct PublicAddressTests {
    @Test("private, special and disguised addresses are none")
    func addresses() {
        for text in [
            "127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
            "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.0.8", "::1", "::",
            "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
            "64:ff9b::7f00:1", "2002:7f00:1::", "", "example.test", "1.2.3",
        ] { #expect(!PublicAddress.isPublic(text), "\(text)") }
        for text in [
            "8.8.8.8", "172.32.0.1", "172.15.255.255", "100.128.0.1", "193.0.0.1", "2606:4700::1111",
            "::ffff:8.8.8.8", "64:ff9b::808:808",
        ] { #expect(PublicAddress.isPublic(text), "\(text)") }
    }

    @Test("a request for a public address is not sent to this machine, whatever its name is")
    func refused() async throws {
        let server = try MisbehavingServer(behaviour: .answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        defer { server.stop() }
        let client = HTTPClient()
        defer { client.shutdown() }
        for host in ["127.0.0.1", "localhost"] {
            var request = HTTPClient.Request(url: "http://\(host):\(server.port)/", timeout: .seconds(60))
            request.connectTimeout = .seconds(60)
            #expect(try await client.send(request).status == 200)
            let sent = server.seen.requests.count
            request.isForPublicAddress = true
            await #expect(throws: HTTPClientError.invalidRequest("the address is not a public one")) {
                try await client.send(request)
            }
            #expect(server.seen.requests.count == sent)
        }
    }
}
