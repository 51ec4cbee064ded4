import Contracts
import Foundation
import GRDB
import Hummingbird
import Logging
import Resilience
import Storage
import Transport

/// The floor: the least cost of a durable answer over HTTP. A bare Hummingbird route commits one row through
/// the group-committing writer; the client is that of the stack.
enum FloorBenchmark {
    struct Result {
        var load: LoadResult
        /// This process's CPU a request: the server, the writer and the client together.
        var cpuMicroseconds: Double

        var text: String {
            """
            floor: bare HTTP + one group-committed row, 32 clients
              \(fixed(load.perSecond, 0)) requests/s, \
            p50 \(fixed(load.percentile(0.5).milliseconds, 2)) ms, \
            p99 \(fixed(load.percentile(0.99).milliseconds, 2)) ms, \
            \(fixed(cpuMicroseconds, 0)) µs CPU a request (client included)

            """
        }
    }

    static func run(count: Int = 10_000) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "csp-floor-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let table = Store.Migration(
            "rows", "CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
        let store = try Store(folder: folder, name: "floor", migrations: [table])
        defer { store.close() }
        var logger = Logger(label: "floor")
        logger.logLevel = .critical
        let router = Router()
        router.post("/rows") { request, _ in
            let body = Data(try await request.body.collect(upTo: 4096).readableBytesView)
            try await store.write { try $0.run("INSERT INTO rows (body) VALUES (?)", [body]) }
            return HTTPResponse.Status.created
        }
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { found.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let server = Task { try await application.run() }
        defer { server.cancel() }
        let port = await ports.first { _ in true } ?? 0
        let client = HTTPClient()
        defer { client.shutdown() }
        let body = [UInt8](String(repeating: "x", count: 200).utf8)
        let send: @Sendable (Int) async -> Bool = { _ in
            var request = HTTPClient.Request(
                method: "POST", url: "http://127.0.0.1:\(port)/rows", timeout: .seconds(10))
            request.body = body
            return (try? await client.send(request))?.status == 201
        }
        _ = await Load.closed(clients: 32, count: 1_000, send: send)
        let before = CPUTime.ofThisProcess()
        let load = await Load.closed(clients: 32, count: count, send: send)
        let cpu = CPUTime.ofThisProcess() - before
        return Result(load: load, cpuMicroseconds: cpu * 1_000_000 / Double(count))
    }
}
