import Contracts
import Foundation
import StackView
import Transport

/// Reads a stack's services over HTTP.
struct StackReader {
    let record: StackRecord
    let client: HTTPClient
    /// The timeout of one request.
    static let longest: Duration = .seconds(30)
    /// Sent if it is known; reads work without it.
    let serviceToken: String?

    /// Of the stack's services.
    var names: [ServiceName] { record.services.map(\.name) }

    /// - Throws: ``Failure`` naming the service and the path.
    func get<Value: Decodable>(
        _ type: Value.Type, _ name: ServiceName, _ path: String, within limit: Duration = Self.longest
    ) async throws -> Value {
        let answer = try await answer(name, path, within: limit)
        guard answer.status == 200 else { throw Failure("\(name) answered \(answer.status) to GET \(path)") }
        do {
            return try JSON.decode(type, from: Data(answer.body))
        } catch {
            throw Failure("\(name)'s answer to GET \(path) isn't in the contract: \(Self.words(error))")
        }
    }

    /// Every item of a list, page by page; `thin` removes what isn't needed.
    func all<Item: Codable & Sendable>(
        _ name: ServiceName, _ path: String, _ thin: (inout Item) -> Void = { _ in }
    ) async throws -> [Item] {
        var items: [Item] = []
        var cursor: String?
        repeat {
            let query = "?limit=500" + (cursor.map { "&cursor=\($0.percentEncoded)" } ?? "")
            let page = try await get(Page<Item>.self, name, path + query)
            for var item in page.items {
                thin(&item)
                items.append(item)
            }
            cursor = page.nextCursor
        } while cursor != nil
        return items
    }

    func answer(
        _ name: ServiceName, _ path: String, within limit: Duration = Self.longest
    ) async throws -> HTTPClient.Response {
        guard let service = record[name] else { throw Failure("this stack has no \(name)") }
        if service.process.activity == .stopped {
            throw Failure("\(name) is frozen, so it can't be read; csp thaw ends that")
        }
        let headers = serviceToken.map { [(name: "Authorization", value: "Bearer \($0)")] } ?? []
        let request = HTTPClient.Request(
            url: service.url + path, headers: headers, connectTimeout: .seconds(1), timeout: limit)
        do {
            return try await client.send(request)
        } catch {
            throw Failure("\(name) can't be read at \(service.url)\(path): \(error.words)")
        }
    }

    private static func words(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        let context: DecodingError.Context? =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: nil
            }
        let place = (context?.codingPath ?? []).map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(
            separator: "/")
        return "/\(place): \(context?.debugDescription ?? "\(error)")"
    }
}
