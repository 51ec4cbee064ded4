import Contracts
import Foundation
import Transport

/// Requests to order whose answers a command prints.
struct OrderAPI {
    let url: String
    let client: HTTPClient
    /// For operators' routes.
    var adminToken: String?

    /// - Throws: ``Failure`` where order can't be reached or refuses.
    func ask<Value: Decodable>(_ method: String, _ path: String, body: [UInt8]? = nil, as type: Value.Type)
        async throws
        -> Value
    {
        var request = HTTPClient.Request(
            method: method, url: url + path, body: body, connectTimeout: .seconds(1), timeout: .seconds(5))
        if body != nil { request.headers.append((name: "Content-Type", value: "application/json")) }
        if let adminToken { request.headers.append((name: "Authorization", value: "Bearer \(adminToken)")) }
        let answer: HTTPClient.Response
        do {
            answer = try await client.send(request)
        } catch {
            throw Failure("order can't be asked at \(url): \(error.words)")
        }
        if answer.status == 200, let value = try? JSON.decode(type, from: Data(answer.body)) { return value }
        guard let problem = try? JSON.decode(ProblemDocument.self, from: Data(answer.body)) else {
            throw Failure("order at \(url) gave an answer that isn't in the contract: \(answer.status)")
        }
        throw Failure("order refused: \(problem.detail)")
    }
}
