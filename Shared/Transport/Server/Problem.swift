package import Contracts
package import HTTPTypes

/// An error that a caller gets to see: a service's own, with its ``Problem``.
package protocol ProblemConvertible: Error {
    var problem: Problem { get }
}

/// An error that a caller gets to see, as `application/problem+json` (RFC 9457).
package struct Problem: ProblemConvertible, Sendable {
    package var document: ProblemDocument
    package var headers: HTTPFields

    package var problem: Problem { self }

    package init(_ document: ProblemDocument, headers: HTTPFields = [:]) {
        self.document = document
        self.headers = headers
    }

    package init(
        _ status: Int, _ code: String, _ title: String, _ detail: String, skus: [ShortSKU]? = nil,
        reason: String? = nil, left: Int? = nil, headers: HTTPFields = [:]
    ) {
        self.init(
            ProblemDocument(
                status: status, code: code, title: title, detail: detail, skus: skus, reason: reason,
                left: left),
            headers: headers)
    }

    /// 422, with the first 20 of `errors`. A pointer or a detail that quotes at length what the caller sent
    /// is cut.
    package static func invalidRequest(_ errors: [FieldError]) -> Problem {
        let errors = errors.prefix(FieldCheck.most).map {
            FieldError(pointer: $0.pointer.excerpt(100), detail: $0.detail.excerpt(300))
        }
        let fields = errors.map { $0.pointer.isEmpty ? "the body" : $0.pointer }.joined(separator: ", ")
        return Problem(
            ProblemDocument(
                status: 422, code: "invalid-request", title: "The request is not valid",
                detail: "Not valid: \(fields.excerpt(500)).", errors: errors))
    }

    package static func malformedJSON(_ detail: String = "The body is not valid JSON.") -> Problem {
        Problem(400, "malformed-json", "The body could not be read", detail)
    }

    package static let unsupportedMediaType = Problem(
        415, "unsupported-media-type", "The media type is not supported", "Send the body as application/json."
    )

    package static func bodyTooLarge(limit: Int) -> Problem {
        Problem(
            413, "body-too-large", "The body is too large", "A body may have \(limit / 1024) KiB at most.")
    }

    package static func notFound(_ detail: String) -> Problem {
        Problem(404, "not-found", "Not found", detail)
    }

    package static func methodNotAllowed(_ allowed: [String]) -> Problem {
        let list = allowed.joined(separator: ", ")
        return Problem(
            405, "method-not-allowed", "The method is not allowed", "This path answers \(list).",
            headers: [.allow: list])
    }

    package static let unauthorized = Problem(
        401, "unauthorized", "Not authorized", "This needs a valid bearer token.",
        headers: [.wwwAuthenticate: "Bearer"])

    package static let idempotencyKeyRequired = Problem(
        400, "idempotency-key-required", "An idempotency key is required",
        "Send an Idempotency-Key header of 1 to 255 visible ASCII characters.")

    package static let idempotencyKeyReused = Problem(
        422, "idempotency-key-reused", "The idempotency key was used before",
        "This Idempotency-Key came with another request; use a new key for a new request.")

    package static func requestInProgress(_ detail: String) -> Problem {
        Problem(409, "request-in-progress", "The request is in progress", detail, headers: [.retryAfter: "1"])
    }

    /// 409 for what arrives after its order was undone.
    package static func voided(orderId: String) -> Problem {
        Problem(
            409, "voided", "The order was undone",
            "Order \(orderId) was undone before; nothing more is done for it.")
    }

    /// 422 for an order id that comes again with other contents.
    package static func contentsDiffer(_ detail: String) -> Problem {
        Problem(422, "contents-differ", "The same order id came with other contents", detail)
    }

    /// A 503 that says when to come again, in seconds.
    package static func unavailable(_ code: String, _ title: String, _ detail: String, retryAfter: Int = 1)
        -> Problem
    {
        Problem(503, code, title, detail, headers: [.retryAfter: "\(retryAfter)"])
    }

    package static let deadlineExceeded = unavailable(
        "deadline-exceeded", "The deadline has passed",
        "The time for this request was used up before anything was done.")

    /// The cause is in the log; the caller learns nothing of the internals.
    package static let internalError = Problem(
        500, "internal", "Something went wrong here", "The service met an error of its own and has logged it."
    )
}
