import Contracts
package import Foundation
package import HTTPTypes
import Hummingbird
package import Resilience
package import ServingPath

/// One request as a route's handler gets it: read completely, with its deadline and criticality set.
package struct Call: Sendable {
    /// 256 KiB: a larger body is 413.
    package static let largestBody = 256 * 1024

    package let method: HTTPRequest.Method
    package let path: String
    /// Host and port as the client wrote them.
    package let authority: String?
    package let body: Data
    package let deadline: Deadline
    package let criticality: Criticality
    /// Why new work can't begin now; nil when it can. Set only if the route adds work and answers repeats as
    /// well.
    package let refusal: Problem?
    let headers: HTTPFields
    let parameters: Parameters
    let query: [String: String]

    /// Whether the bearer token is the administrator's.
    package func isOfAdministrator(_ credentials: Credentials) -> Bool {
        credentials.isAdministrator(headers)
    }

    package func header(_ name: HTTPField.Name) -> String? { headers[name] }

    package func parameter(_ name: String) -> String {
        // The router matched the path, so the parameter is there.
        parameters.get(name)?.removingPercentEncoding?.canonical ?? ""
    }

    /// A path parameter that is an id.
    /// - Throws: 422 where it can't be one.
    package func id(_ name: String) throws -> String {
        let id = parameter(name)
        var check = FieldCheck()
        check.text(id, "/\(name)")
        try check.finish()
        return id
    }

    /// A path parameter that is an id. SQLite would read one with a NUL only up to there, and find another
    /// row.
    /// - Parameter unknown: the error for such an id.
    package func id(_ name: String, else unknown: (String) -> any Error) throws -> String {
        let id = parameter(name)
        guard !id.utf8.contains(0) else { throw unknown(id) }
        return id
    }

    /// Records each query parameter that the route doesn't have.
    package func refuseQuery(except known: [String], _ check: inout FieldCheck) {
        for name in query.keys.sorted() where !known.contains(name) {
            check(false, "/\(name)", "is not known here: \(known.joined(separator: ", ")) are")
        }
    }

    /// A query parameter that may be left out; an empty one counts as left out.
    package func query(_ name: String) -> String? { query[name].flatMap { $0.isEmpty ? nil : $0.canonical } }

    /// A query parameter that is one word of `Choice`; nil if it is left out or another word, which `check`
    /// then records.
    package func query<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, as type: Choice.Type = Choice.self, _ check: inout FieldCheck
    ) -> Choice? {
        guard let text = query(name) else { return nil }
        let choice = Choice(rawValue: text)
        check(
            choice != nil, "/\(name)",
            "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        return choice
    }

    /// The body as `type`; a large one is decoded off the event loop.
    ///
    /// - Parameter check: records which fields are out of range.
    /// - Throws: ``Problem``: 415 for another media type, 400 for bad JSON, 422 with a pointer to each field
    ///   that is missing, of a wrong type or out of range, 503 where the deadline has passed by then.
    package func decode<Value: Decodable & Sendable>(
        _ type: Value.Type, check: @escaping @Sendable (Value, inout FieldCheck) -> Void = { _, _ in }
    ) async throws -> Value {
        try requireJSON()
        let value =
            if body.count > LargeValues.threshold {
                try await LargeValues.run(before: deadline) { [body] in
                    try JSON.decodeBody(type, from: body, check: check)
                }
            } else {
                try JSON.decodeBody(type, from: body, check: check)
            }
        guard !deadline.hasPassed() else { throw Problem.deadlineExceeded }
        return value
    }

    /// - Throws: 415 for another media type.
    package func requireJSON() throws {
        guard let mediaType = headers[.contentType].map(Self.essence), Self.isJSON(mediaType) else {
            throw Problem.unsupportedMediaType
        }
    }

    /// The `Idempotency-Key` header: 1 to 255 visible ASCII characters. `"k"`, the string of a structured
    /// field (RFC 8941) that the IETF's draft asks for, is the key `k`.
    package func idempotencyKey() throws -> String {
        guard let field = headers[.idempotencyKey],
            let key = field.first == "\"" ? Self.unquoted(field) : field,
            (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw Problem.idempotencyKeyRequired }
        return key
    }

    /// Nil unless `field` is one string: a quote, characters with `\"` and `\\` escaped, a quote.
    private static func unquoted(_ field: String) -> String? {
        guard field.utf8.count >= 2, field.last == "\"" else { return nil }
        var text = ""
        var isEscaped = false
        for character in field.dropFirst().dropLast() {
            let isSpecial = character == "\"" || character == "\\"
            guard isEscaped ? isSpecial : character != "\"" else { return nil }
            isEscaped = !isEscaped && isSpecial
            if !isEscaped { text.append(character) }
        }
        return isEscaped ? nil : text
    }

    private static func essence(_ contentType: String) -> String {
        contentType.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
    }

    private static func isJSON(_ mediaType: String) -> Bool {
        mediaType == "application/json"
            || (mediaType.hasPrefix("application/") && mediaType.hasSuffix("+json"))
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
        // The names above are all valid field names; an invalid one would show in the first request of any
        // test.
        HTTPField.Name(name) ?? .cookie
    }
}
