import Contracts
package import Foundation
package import HTTPTypes
import Hummingbird
package import Resilience
package import ServingPath

/// One request, as a route's handler gets it: read completely, with its deadline and criticality settled.
package struct Call: Sendable {
    /// 256 KiB: a larger body is 413.
    package static let largestBody = 256 * 1024

    package let path: String
    package let body: Data
    package let deadline: Deadline
    package let criticality: Criticality
    /// Why new work can't begin now; nil when it can. Asked for only where the route adds work and answers repeats as well.
    package let refusal: Problem?
    let headers: HTTPFields
    let parameters: Parameters
    let query: [String: String]

    package func header(_ name: HTTPField.Name) -> String? { headers[name] }

    package func parameter(_ name: String) -> String {
        // The router matched the path, so the parameter is there.
        parameters.get(name)?.removingPercentEncoding ?? ""
    }

    /// A query parameter that may be left out; an empty one counts as left out.
    package func query(_ name: String) -> String? { query[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// The body as `type`; a large one is decoded off the event loop.
    /// - Throws: ``Problem``: 415 for another media type, 400 for bad JSON, 422 with a pointer for a wrong or missing field.
    package func decode<Value: Decodable & Sendable>(_ type: Value.Type) async throws -> Value {
        guard let mediaType = headers[.contentType].map(Self.essence), Self.isJSON(mediaType) else {
            throw Problem.unsupportedMediaType
        }
        guard body.count > LargeValues.threshold else { return try JSON.decodeBody(type, from: body) }
        return try await LargeValues.run(before: deadline) { [body] in try JSON.decodeBody(type, from: body) }
    }

    /// The `Idempotency-Key` header: 1 to 255 visible ASCII characters.
    package func idempotencyKey() throws -> String {
        guard let key = headers[.idempotencyKey], (1...255).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw Problem.idempotencyKeyRequired }
        return key
    }

    private static func essence(_ contentType: String) -> String {
        contentType.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
    }

    private static func isJSON(_ mediaType: String) -> Bool {
        mediaType == "application/json" || (mediaType.hasPrefix("application/") && mediaType.hasSuffix("+json"))
    }
}

extension HTTPField.Name {
    package static let idempotencyKey = known("Idempotency-Key")
    package static let idempotentReplayed = known("Idempotent-Replayed")
    package static let criticality = known("csp-criticality")
    package static let deadline = known("csp-deadline-ms")
    static let store = known(ServiceStore.header)
    package static let traceparent = known("traceparent")
    package static let tracestate = known("tracestate")
    package static let baggage = known("baggage")

    static func known(_ name: String) -> HTTPField.Name {
        // The names above are all valid field names; an invalid one would show in the first request of any test.
        HTTPField.Name(name) ?? .cookie
    }
}
