import Resilience
import TestSupport
import Testing

@testable import Transport

@Suite("Rate limit of clients", .timeLimit(.minutes(10)))
struct RateLimitTests {
    @Test("a client that asks too often is told when to come again; services and probes aren't counted")
    func tooOften() async throws {
        let time = ManualTime()
        try await AdmissionServer.run(shedder: nil, rate: 1, burst: 2, time: time.source) { server in
            server.end("/page")
            let connection = try server.connect()
            func ask(_ path: String = "/page", _ headers: [String: String] = [:]) async -> RawConnection
                .Answer?
            {
                connection.send("GET", path, headers: headers)
                return await connection.answer()
            }
            for _ in 0..<2 { #expect(await ask()?.status == 200) }
            let refused = try #require(await ask())
            #expect(refused.status == 429 && refused.body.contains(#""code":"rate-limited""#))
            #expect(refused.headers["content-type"] == "application/problem+json")
            #expect(Int(refused.headers["retry-after"] ?? "") == 1)
            #expect(refused.headers["ratelimit-policy"] == #""client";q=2;w=2"#)
            #expect(refused.headers["ratelimit"] == #""client";r=0;t=1"#)
            #expect(await ask("/livez")?.status == 200)
            #expect(await ask("/page", ["authorization": "Bearer \(TestTokens.service)"])?.status == 200)
            #expect(await ask("/page", ["authorization": "Bearer wrong"])?.status == 429)
            // Another connection of the same client.
            let other = try server.connect()
            other.send("GET", "/page")
            #expect(await other.answer()?.status == 429)
            #expect(server.admission.rateLimited == 3)
        }
    }

    @Test("a client may ask again as its quota comes back, and is told what is left")
    func refill() throws {
        let start = ContinuousClock.now
        let rates = try ClientRates(rate: 2, burst: 4, now: start)
        #expect((0..<4).allSatisfy { _ in !rates.ask("a", at: start).isExceeded })
        let refused = rates.ask("a", at: start)
        #expect(refused.isExceeded && refused.retryAfter == 1)
        #expect(refused.state == #""client";r=0;t=1"#)
        #expect(!rates.ask("b", at: start).isExceeded)
        let later = rates.ask("a", at: start + .seconds(1))
        #expect(!later.isExceeded)
        #expect(later.state == #""client";r=1"#)
        #expect(later.policy == #""client";q=4;w=2"#)
    }

    @Test(
        "remembers so many clients and no more; the new ones then share a quota until others have been quiet")
    func bounded() throws {
        let start = ContinuousClock.now
        let rates = try ClientRates(rate: 1, burst: 1, now: start)
        for client in 0..<ClientRates.remembered { #expect(!rates.ask("\(client)", at: start).isExceeded) }
        #expect(!rates.ask("new", at: start).isExceeded)
        #expect(rates.ask("newer", at: start).isExceeded)
        #expect(rates.ask("0", at: start).isExceeded)
        #expect(!rates.ask("newer", at: start + .seconds(2)).isExceeded)
        #expect(!rates.ask("newest", at: start + .seconds(2)).isExceeded)
    }

    @Test(
        "of IPv6 the network counts",
        arguments: [
            ("10.0.0.1", "10.0.0.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"),
            ("2001:db8::6", "2001:db8:0:0"),
            ("::1", "0:0:0:0"), ("fe80::1%eth0", "fe80:0:0:0"), ("2001:db8:1:2::", "2001:db8:1:2"),
        ])
    func networks(address: String, client: String) { #expect(ClientRates.client(address) == client) }
}
