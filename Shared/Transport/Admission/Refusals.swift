import Contracts
import Foundation
import HTTPTypes
import NIOCore

/// Admission's answers as bytes for the wire: a refusal has to cost next to nothing.
struct Refusals: Sendable {
    enum Reason: Sendable {
        case overloaded, deadlineExceeded, bodyTooLarge

        fileprivate var problem: Problem {
            switch self {
            case .overloaded:
                .unavailable(
                    "overloaded", "Too much to do",
                    "Nothing was begun: the service has more to do than it can.")
            case .deadlineExceeded: .deadlineExceeded
            case .bodyTooLarge: .bodyTooLarge(limit: Call.largestBody)
            }
        }
    }

    /// The parts before and after the path of the request, which the document names.
    private struct Template: Sendable {
        /// Up to the length of the body.
        var head: [UInt8]
        var before: [UInt8]
        var after: [UInt8]
    }

    /// Seconds; spread, so that refused clients don't all come back at once.
    private static let pauses = [1, 2, 3]

    private let service: ServiceIdentity
    private let overloaded: [Template]
    private let deadlineExceeded: Template
    private let bodyTooLarge: Template

    /// - Parameter service: named in each of them.
    init(_ service: ServiceIdentity) {
        self.service = service
        overloaded = Self.pauses.map { Self.template(.overloaded, from: service, retryAfter: $0) }
        deadlineExceeded = Self.template(.deadlineExceeded, from: service, retryAfter: 1)
        bodyTooLarge = Self.template(.bodyTooLarge, from: service, retryAfter: nil)
    }

    /// - Parameters:
    ///   - isHead: whether the answer is to a HEAD, and so has no body.
    ///   - closes: whether the connection ends with this answer.
    func bytes(_ reason: Reason, path: Substring, isHead: Bool, closes: Bool) -> ByteBuffer {
        let template =
            switch reason {
            case .overloaded: overloaded[Int.random(in: overloaded.indices)]
            case .deadlineExceeded: deadlineExceeded
            case .bodyTooLarge: bodyTooLarge
            }
        return Self.bytes(
            template.head, template.before, template.after, path, isHead: isHead, closes: closes)
    }

    /// 429, with the headers of the client's quota.
    func rateLimited(_ quota: ClientRates.Quota, path: Substring, isHead: Bool, closes: Bool) -> ByteBuffer {
        let problem = Problem(
            429, "rate-limited", "Too many requests", "This client may ask again in \(quota.retryAfter) s.")
        var head = Self.head(problem, from: service, retryAfter: quota.retryAfter)
        head += Array("ratelimit-policy: \(quota.policy)\r\nratelimit: \(quota.state)\r\n".utf8)
        let (before, after) = Self.body(problem)
        return Self.bytes(head, before, after, path, isHead: isHead, closes: closes)
    }

    static let goOn = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")

    private static func bytes(
        _ head: [UInt8], _ before: [UInt8], _ after: [UInt8], _ path: Substring, isHead: Bool, closes: Bool
    ) -> ByteBuffer {
        let path = escaped(path.prefix(Answer.longestInstance))
        let length = before.count + path.utf8.count + after.count
        var buffer = ByteBuffer()
        buffer.reserveCapacity(head.count + length + 48)
        buffer.writeBytes(head)
        if closes { buffer.writeStaticString("connection: close\r\n") }
        buffer.writeStaticString("content-length: ")
        buffer.writeString(String(length))
        buffer.writeStaticString("\r\n\r\n")
        guard !isHead else { return buffer }
        buffer.writeBytes(before)
        buffer.writeSubstring(path)
        buffer.writeBytes(after)
        return buffer
    }

    private static func template(_ reason: Reason, from service: ServiceIdentity, retryAfter: Int?)
        -> Template
    {
        let (before, after) = body(reason.problem)
        return Template(
            head: head(reason.problem, from: service, retryAfter: retryAfter), before: before, after: after)
    }

    private static func head(_ problem: Problem, from service: ServiceIdentity, retryAfter: Int?) -> [UInt8] {
        let status = HTTPResponse.Status(code: problem.document.status)
        var text =
            "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\ncontent-type: application/problem+json\r\n"
        text += "\(ServiceIdentity.header): \(service)\r\n"
        if let retryAfter { text += "retry-after: \(retryAfter)\r\n" }
        return Array(text.utf8)
    }

    /// What comes before and after the path in the problem document.
    private static func body(_ problem: Problem) -> ([UInt8], [UInt8]) {
        var document = problem.document
        document.instance = "#"
        let text = String(decoding: (try? JSON.encode(document)) ?? Data(), as: UTF8.self)
        let parts = text.split(separator: "\"#\"", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return (Array(text.utf8), []) }
        return (Array("\(parts[0])\"".utf8), Array("\"\(parts[1])".utf8))
    }

    /// As it came; empty if a character would have to be escaped in JSON, or belongs to no path.
    private static func escaped(_ path: Substring) -> Substring {
        let isPlain = path.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        return isPlain ? path : ""
    }
}
