import Foundation
import Hummingbird
import Load
import Logging

/// The reference for a refusal: a bare Hummingbird route that returns the body of the request.
enum EchoBenchmark {
    /// CPU of the server for one request, in seconds, without the sender's.
    static func cost(of bodies: [[UInt8]], rate: Double, seconds: Double) async throws -> Double {
        var logger = Logger(label: "echo")
        logger.logLevel = .critical
        let router = Router()
        router.post("/echo") { request, _ in try await request.body.collect(upTo: 65_536) }
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { found.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let server = Task { try await application.run() }
        defer { server.cancel() }
        let port = await ports.first { _ in true } ?? 0
        let stream = RawSender.Stream(
            port: port, requests: bodies.map { RawRequest("POST", "/echo", body: $0) },
            phases: [.init(seconds: seconds, rate: rate)], connections: 200)
        _ = try await RawSender.run([stream], for: 1, firstNumber: 0)
        let before = CPUTime.ofThisProcess()
        let result = try await RawSender.run([stream], for: seconds, firstNumber: 0)
        let spent = CPUTime.ofThisProcess() - before - result.senderSeconds
        return spent / Double(max(1, result.outcomes[0].count { $0.status == 200 }))
    }
}
