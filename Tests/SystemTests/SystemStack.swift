import Contracts
import Foundation
import TestSupport
import Testing
import Transport

/// A stack of real processes on free ports, started and stopped by `csp`.
struct SystemStack: Sendable {
    let folder: TemporaryFolder
    let base: Int
    let client: HTTPClient

    /// Settings of order with long timeouts, so that a slow machine doesn't change decisions. An order with a
    /// silent dependency takes that long; set shorter timeouts in `overriding` for it.
    static func generousTimeouts(_ overriding: [String: String] = [:]) -> [String: String] {
        var settings = ["ORDER_BUDGET": "40s"]
        for dependency in ["INVENTORY", "COUPON", "PAYMENT"] {
            for number in ["TIMEOUT", "ATTEMPT_TIMEOUT", "BREAKER_SLOW_CALL", "LONGEST_WAIT"] {
                settings["\(dependency)_\(number)"] = "30s"
            }
        }
        return settings.merging(overriding) { $1 }
    }

    func port(_ service: String) throws -> Int {
        base + (try #require(ServiceName(rawValue: service)).portOffset)
    }

    func url(_ service: String) throws -> String { "http://127.0.0.1:\(try port(service))" }

    @discardableResult
    func csp(_ arguments: String..., expecting status: Int32? = 0) async throws -> Executables.Outcome {
        let outcome = try await Executables.run("csp", arguments + ["--data", folder.path])
        if let status {
            #expect(
                outcome.status == status,
                """
                csp \(arguments.joined(separator: " ")) → \(outcome.status)
                \(outcome.output)
                \(outcome.errors)
                """)
        }
        return outcome
    }

    @discardableResult
    func up(environment: [String: String] = [:]) async throws -> Executables.Outcome {
        // A busy test machine must not cause shedding; only the drill tests that.
        try await Executables.run(
            "csp", ["up", "--detach", "--data", folder.path, "--ports", "\(base)"],
            environment: ["SHED_MINIMUM": "1000", "SHED_MAX_QUEUE_TIME": "1m"].merging(environment) { $1 })
    }

    func post(
        _ service: String, _ path: String, _ value: some Encodable, key: String? = nil, token: String? = nil
    ) async throws -> HTTPClient.Response {
        var request = HTTPClient.Request(
            method: "POST", url: try url(service) + path, connectTimeout: .seconds(60), timeout: .seconds(60))
        request.headers = [(name: "Content-Type", value: "application/json")]
        if let token { request.headers.append((name: "Authorization", value: "Bearer \(token)")) }
        if let key { request.headers.append((name: "Idempotency-Key", value: key)) }
        request.body = Array(try JSON.encode(value))
        return try await client.send(request)
    }

    func get<Value: Decodable>(_ service: String, _ path: String, as type: Value.Type = Value.self)
        async throws -> Value
    {
        let request = HTTPClient.Request(
            method: "GET", url: try url(service) + path, connectTimeout: .seconds(60), timeout: .seconds(60))
        return try JSON.decode(type, from: Data(try await client.send(request).body))
    }

    func place(_ request: OrderRequest, key: String = UUID().uuidString) async throws -> (
        status: Int, body: Data
    ) {
        let answer = try await post("order", "/orders", request, key: key)
        return (answer.status, Data(answer.body))
    }

    func pid(_ service: String) async throws -> Int32 {
        struct Status: Decodable {
            struct Service: Decodable {
                var name: String
                var pid: Int32?
            }
            var services: [Service]
        }
        let outcome = try await csp("status", "--json", expecting: nil)
        let status = try JSON.decode(Status.self, from: Data(outcome.output.utf8))
        return try #require(status.services.first { $0.name == service }?.pid)
    }
}

/// Starts a stack, runs `body`, and stops it in any case.
///
/// - Parameters:
///   - folder: its data folder; nil: a new one.
///   - expecting: the status of `csp up`; nil for any.
func withSystemStack(
    on folder: TemporaryFolder? = nil, environment: [String: String] = [:], expecting: Int32? = 0,
    _ body: (SystemStack) async throws -> Void
) async throws {
    let folder = try folder ?? TemporaryFolder()
    let client = HTTPClient()
    defer { client.shutdown() }
    let stack = SystemStack(folder: folder, base: try FreePorts.base(), client: client)
    let up = try await stack.up(environment: environment)
    try #require(expecting == nil || up.status == expecting, "\(up.output)\n\(up.errors)")
    do {
        try await body(stack)
    } catch {
        try await stack.csp("down")
        throw error
    }
    try await stack.csp("down")
}
