import Foundation
import NIOCore
import Resilience
import TestSupport
import Testing

@testable import Transport

@Suite("Connections", .timeLimit(.minutes(10)))
struct ConnectionTests {
    /// So few that a test can use them up: three, one more for services and probes.
    private static var few: ConnectionLimits {
        var limits = ConnectionLimits()
        (limits.total, limits.perClient, limits.reserve) = (3, 3, 1)
        return limits
    }

    @Test(
        "a new connection ends the longest silent one, first one that never asked, even if it sends slowly"
    )
    func idle() async throws {
        try await AdmissionServer.run(shedder: nil, connections: Self.few) { server in
            server.end("/page")
            let customer = try await server.connected(count: 1)
            customer.send("GET", "/page")
            #expect(await customer.answer()?.status == 200)
            let silent = try await server.connected(count: 2)
            let slow = try await server.connected(count: 3)
            slow.send("POST /order HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n{")
            let new = try server.connect()
            #expect(await silent.ends())
            new.send("GET", "/page")
            #expect(await new.answer()?.status == 200)
            let newer = try server.connect()
            #expect(await slow.ends())
            newer.send("GET", "/page")
            #expect(await newer.answer()?.status == 200)
            customer.send("GET", "/page")
            #expect(await customer.answer()?.status == 200)
        }
    }

    @Test("with every connection in use, services and probes get in, and others are told to retry")
    func inUse() async throws {
        try await AdmissionServer.run(shedder: .oneAndAQueue, connections: Self.few) { server in
            let busy = try (0..<3).map { _ in try server.connect() }
            for connection in busy { connection.send("POST", "/order", body: "{}") }
            await server.until { $0.inFlight == 1 && $0.waiting == 2 }
            let probe = try server.connect()
            probe.send("GET", "/livez")
            #expect(await probe.answer()?.status == 200)
            // The probe's connection is silent now, and is ended.
            let customer = try server.connect()
            customer.send("POST", "/order", body: "{}")
            let refused = try #require(await customer.answer())
            #expect(refused.status == 503 && refused.body.contains(#""code":"overloaded""#))
            #expect(refused.headers["connection"] == "close" && refused.headers["retry-after"] != nil)
            #expect(await customer.ends())
            try await eventually { server.admission.connections.count <= 3 }
            let service = try server.connect()
            service.send(
                "POST", "/order", headers: ["authorization": "Bearer \(TestTokens.service)"], body: "{}")
            await server.until { $0.waiting == 3 }
            // Not even the reserve has room.
            #expect(try await server.connect().ends())
            server.end("/order")
            for connection in busy + [service] { #expect(await connection.answer()?.status == 200) }
        }
    }

    @Test("a head that never ends has its time, however the connection was used before")
    func slowHead() async throws {
        try await AdmissionServer.run(requestTimeout: .seconds(2)) { server in
            server.end("/page")
            let connection = try server.connect()
            connection.send("GET", "/page")
            #expect(await connection.answer()?.status == 200)
            connection.send("GET /page HTTP/1.1\r\nx-slow: ")
            #expect(await connection.ends())
        }
    }

    @Test("a client that reads nothing of its answers is disconnected")
    func unread() async throws {
        try await AdmissionServer.run(shedder: nil, requestTimeout: .seconds(2)) { server in
            server.end("/order")
            let connection = try server.connect()
            let body = String(repeating: "x", count: 200_000)
            // The kernel's buffers have room for some of the answers.
            let sending = Thread { for _ in 0..<200 { connection.send("POST", "/order", body: body) } }
            sending.start()
            await server.begun.until { !$0.isEmpty }
            try await eventually { server.admission.connections.count == 0 }
            connection.close()
        }
    }

    @Test("without a descriptor for another connection, one ends, and accepting pauses")
    func shortage() async throws {
        try await AdmissionServer.run { server in
            let silent = try await server.connected(count: 1)
            let channel = server.channel
            try await channel.eventLoop.submit {
                let before = try channel.syncOptions?.getOption(.autoRead)
                channel.pipeline.fireErrorCaught(IOError(errnoCode: EMFILE, reason: "accept"))
                #expect(before == true)
                #expect(try channel.syncOptions?.getOption(.autoRead) == false)
            }.get()
            #expect(await silent.ends())
            let connection = try server.connect()
            connection.send("GET", "/livez")
            #expect(await connection.answer()?.status == 200)
            #expect(try await channel.getOption(.autoRead).get())
        }
    }
}

extension AdmissionServer {
    /// A connection that the server has accepted, as the last of so many.
    fileprivate func connected(count: Int) async throws -> RawConnection {
        let connection = try connect()
        try await eventually { admission.connections.count >= count }
        return connection
    }
}
