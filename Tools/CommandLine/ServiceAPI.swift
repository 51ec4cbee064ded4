import Contracts
import Foundation
import Transport

/// Requests to a service whose answers a command prints.
struct ServiceAPI {
    var name = ServiceName.order
    let url: String
    let client: HTTPClient
    /// For operators' routes.
    var adminToken: String?

    /// - Throws: ``Failure`` where the service can't be reached or refuses.
    func ask<Value: Decodable>(_ method: String, _ path: String, body: [UInt8]? = nil, as type: Value.Type)
        async throws
        -> Value
    {
        let data = try await ask(method, path, body: body)
        guard let value = try? JSON.decode(type, from: data) else {
            throw Failure("\(name) at \(url) gave an answer that isn't in the contract")
        }
        return value
    }

    /// The answer as it comes.
    func ask(_ method: String, _ path: String, body: [UInt8]? = nil) async throws -> Data {
        var request = HTTPClient.Request(
            method: method, url: url + path, body: body, connectTimeout: .seconds(1), timeout: .seconds(5))
        if body != nil { request.headers.append((name: "Content-Type", value: "application/json")) }
        if let adminToken { request.headers.append((name: "Authorization", value: "Bearer \(adminToken)")) }
        let answer: HTTPClient.Response
        do {
            answer = try await client.send(request)
        } catch {
            throw Failure("\(name) can't be asked at \(url): \(error.words)")
        }
        if (200...201).contains(answer.status) { return Data(answer.body) }
        guard let problem = try? JSON.decode(ProblemDocument.self, from: Data(answer.body)) else {
            throw Failure("\(name) at \(url) gave an answer that isn't in the contract: \(answer.status)")
        }
        throw Failure("\(name) refused: \(problem.detail)")
    }
}
