import Contracts
import Hummingbird
import Logging
import NIOCore
import Resilience
import ServingPath
import TestSupport

@testable import Transport

/// A server behind admission, whose requests end when the test says so.
struct AdmissionServer: Sendable {
    let port: Int
    /// The one that listens.
    let channel: any Channel
    let admission: AdmissionControl
    /// Requests that have begun, by path, in order.
    let begun: Watched<[String]>
    private let gate: Watched<Set<String>>

    static let credentials = Credentials(service: TestTokens.service, administrator: nil)

    /// Lets the requests of a path end, those to come too.
    func end(_ path: String) { gate.update { $0.insert(path) } }

    func connect() throws -> RawConnection { try RawConnection(port: port) }

    /// Returns when the shedder satisfies `condition`.
    func until(_ condition: (Shedder.Snapshot) -> Bool) async {
        while let snapshot = admission.shedder?.snapshot, !condition(snapshot), !Task.isCancelled {
            await Task.yield()
        }
    }

    /// `/order` is critical-plus, `/page` sheddable-plus, `/livez` never shed; each ends when the test says
    /// so.
    static func run<Result: Sendable>(
        shedder: Shedder.Configuration? = .one, rate: Int = 0, burst: Int = 1,
        connections: ConnectionLimits = ConnectionLimits(), idleTimeout: Duration = .seconds(60),
        requestTimeout: Duration = .seconds(60),
        time: TimeSource = .system, _ body: @escaping @Sendable (AdmissionServer) async throws -> Result
    ) async throws -> Result {
        let begun = Watched<[String]>([])
        let gate = Watched<Set<String>>([])
        let handler: Route.Handler = { call in
            begun.update { $0.append(call.path) }
            await gate.until(evenIfCancelled: true) { $0.contains(call.path) }
            return try .json(
                200,
                [
                    "path": call.path, "body": String(decoding: call.body, as: UTF8.self),
                    "criticality": call.criticality.rawValue,
                ])
        }
        let routes: [Route] = [
            .post("/order", .criticalPlus, budget: .seconds(60), handler: handler),
            .get("/order/{id}", .critical, budget: .seconds(60), handler: handler),
            .get("/page", .sheddablePlus, budget: .seconds(60), handler: handler),
        ]
        let probe = Route.get("/livez") { _ in try .json(200, ["status": "alive"]) }
        let served = routes + [probe]
        let admission = try AdmissionControl(
            AdmissionControl.Configuration(
                shedder: shedder.map { try Shedder($0, environment: PolicyEnvironment(time: time)) },
                rate: rate, burst: burst,
                connections: connections,
                idleTimeout: idleTimeout, requestTimeout: requestTimeout),
            service: ServiceIdentity(name: "admission"), credentials: credentials, time: time)
        var logger = Logger(label: "admission")
        logger.logLevel = .critical
        let (channels, found) = AsyncStream.makeStream(of: (any Channel).self)
        let application = Application(
            responder: RouteResponder(
                routes: served, credentials: credentials, translate: { _ in nil }, logger: logger),
            server: .through(admission, to: served, exempt: ["livez"]),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { [logger] channel in
                try? await admission.listens(on: channel, logger: logger)
                found.yield(channel)
            }, logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await application.run() }
            guard let channel = await channels.first(where: { _ in true }) else { throw CancellationError() }
            let server = AdmissionServer(
                port: channel.localAddress?.port ?? 0, channel: channel, admission: admission, begun: begun,
                gate: gate)
            defer {
                for path in ["/order", "/page", "/order/1", "/order/2"] { server.end(path) }
                tasks.cancelAll()
            }
            return try await body(server)
        }
    }
}

extension Shedder.Configuration {
    /// One request at a time; the others wait a millisecond at most.
    static let one = Shedder.Configuration(minimum: 1, maximum: 1, maximumQueueTime: .milliseconds(1))
    /// One at a time; the others wait as long as it takes.
    static let oneAndAQueue = Shedder.Configuration(minimum: 1, maximum: 1, maximumQueueTime: .seconds(60))
}
