package import Contracts
package import Foundation
import Logging
package import Resilience
package import Runtime
import ServiceLifecycle
package import Transport

/// A running service with its own store in its own folder, and its own server on a free port of the loopback.
package struct RunningService<Application: ServiceApplication>: Sendable {
    package let application: Application
    package let url: String
    package let client: HTTPClient

    /// Sends a request with the services' token (unless `token` says otherwise) and reads the whole answer.
    package func send(
        _ method: String, _ path: String, body: [UInt8]? = nil, contentType: String? = "application/json",
        token: String? = TestTokens.service, headers: [(name: String, value: String)] = [],
        timeout: Duration = .seconds(120)
    ) async throws -> TestAnswer {
        var all = headers
        if let token { all.append((name: "Authorization", value: "Bearer \(token)")) }
        if body != nil, let contentType { all.append((name: "Content-Type", value: contentType)) }
        // Long, since hundreds of concurrent requests wait for a connection.
        var request = HTTPClient.Request(
            method: method, url: url + path, connectTimeout: timeout, timeout: timeout)
        request.headers = all
        request.body = body
        return TestAnswer(try await client.send(request))
    }

    package func get(_ path: String, token: String? = TestTokens.service) async throws -> TestAnswer {
        try await send("GET", path, token: token)
    }

    package func post(
        _ path: String, _ value: some Encodable, key: String? = nil, token: String? = TestTokens.service
    ) async throws -> TestAnswer {
        let headers = key.map { [(name: "Idempotency-Key", value: $0)] } ?? []
        return try await send("POST", path, body: Array(JSON.encode(value)), token: token, headers: headers)
    }

    /// A POST without a body.
    package func post(_ path: String, token: String? = TestTokens.service) async throws -> TestAnswer {
        try await send("POST", path, token: token)
    }

    /// A POST of text that need not be JSON.
    package func post(
        _ path: String, text: String, key: String? = nil, contentType: String? = "application/json"
    )
        async throws -> TestAnswer
    {
        let headers = key.map { [(name: "Idempotency-Key", value: $0)] } ?? []
        return try await send(
            "POST", path, body: Array(text.utf8), contentType: contentType, headers: headers)
    }
}

package enum TestTokens {
    package static let service = "test-service-token"
    package static let administrator = "test-administrator-token"
}

package struct TestAnswer: Sendable {
    package let status: Int
    package let body: Data
    private let response: HTTPClient.Response

    init(_ response: HTTPClient.Response) {
        self.response = response
        status = response.status
        body = Data(response.body)
    }

    package func header(_ name: String) -> String? { response.header(name) }

    package func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSON.decode(type, from: body)
    }

    /// The problem document of an error answer.
    package var problem: ProblemDocument? { try? decode() }

    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// Runs `Application` on a free port while `body` runs, then shuts it down as SIGTERM would.
///
/// - Parameters:
///   - settings: as in the environment; tokens and port are set already.
///   - folder: the data folder; pass the same one again to restart the service on its store.
///   - wall: the service's wall clock.
///   - time: its monotonic time.
///   - acceptingLoss: as `--accept-loss`.
package func withService<Application: ServiceApplication, Result: Sendable>(
    _ type: Application.Type, settings: [String: String] = [:], folder: TemporaryFolder? = nil,
    wall: @escaping @Sendable () -> Timestamp = { Timestamp.now() }, time: TimeSource = .system,
    acceptingLoss: Bool = false,
    _ body: @Sendable (RunningService<Application>) async throws -> Result
) async throws -> Result {
    Metering.start()
    let folder = try folder ?? TemporaryFolder()
    var values = [
        "HTTP_PORT": "0", "DATA_DIR": folder.path + "/data", "SERVICE_TOKEN": TestTokens.service,
        "ADMIN_TOKEN": TestTokens.administrator,
        // A busy machine must not cause shedding; only tests of the shedder do.
        "SHED_MINIMUM": "1000", "SHED_MAX_QUEUE_TIME": "1m",
    ]
    values.merge(settings) { $1 }
    var reader = Settings { [values] in values[$0] }
    var common = CommonConfiguration(reading: &reader)
    common.acceptsLoss = acceptingLoss
    let configuration = Application.Configuration(reading: &reader)
    guard reader.problems.isEmpty else {
        throw StartError(.configuration, reader.problems.joined(separator: "; "))
    }
    var logger = Logger(label: Application.name)
    logger.logLevel = .error
    let client = HTTPClient()
    defer { client.shutdown() }
    let host = try ServiceHost<Application>(
        configuration: configuration,
        environment: ServiceEnvironment(
            common: common, logger: logger, http: client, time: time, wall: wall, minimumTime: .seconds(120)))
    let (ports, portFound) = AsyncStream.makeStream(of: Int.self)
    let group = ServiceGroup(services: [Hosted(host: host, portFound: portFound)], logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { portFound.finish() }
            try await group.run()
        }
        guard let port = await ports.first(where: { _ in true }) else {
            try await tasks.waitForAll()
            throw StartError(.environment, "\(Application.name) ended before it listened")
        }
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(
                try await body(
                    RunningService(
                        application: host.application, url: "http://127.0.0.1:\(port)", client: client)))
        } catch {
            outcome = .failure(error)
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return try outcome.get()
    }
}

private struct Hosted<Application: ServiceApplication>: Service {
    let host: ServiceHost<Application>
    let portFound: AsyncStream<Int>.Continuation

    func run() async throws { try await host.run { portFound.yield($0) } }
}
