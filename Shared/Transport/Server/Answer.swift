import Contracts
package import Foundation
package import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// What a route answers.
package struct Answer: Sendable {
    package var status: Int
    package var headers: HTTPFields
    package var body: Data
    /// Sent instead of the body, as it comes, until it ends, the client goes or the service stops.
    package var stream: AsyncStream<Data>?

    /// A longer path is cut in a problem's `instance`.
    static let longestInstance = 200

    package init(
        status: Int, headers: HTTPFields = [:], body: Data = Data(), stream: AsyncStream<Data>? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.stream = stream
    }

    package static func json(_ status: Int = 200, _ value: some Encodable, headers: HTTPFields = [:]) throws
        -> Answer
    {
        try json(status, encoded: JSON.encode(value), headers: headers)
    }

    package static func json(_ status: Int = 200, encoded: Data, headers: HTTPFields = [:]) -> Answer {
        var headers = headers
        headers[.contentType] = "application/json"
        return Answer(status: status, headers: headers, body: encoded)
    }

    package static func problem(_ problem: Problem, instance: String) -> Answer {
        var document = problem.document
        document.instance = String(instance.unicodeScalars.prefix(Self.longestInstance))
        var headers = problem.headers
        headers[.contentType] = "application/problem+json"
        return Answer(status: document.status, headers: headers, body: (try? JSON.encode(document)) ?? Data())
    }

    var response: Response {
        let body =
            stream.map { stream in
                ResponseBody(
                    asyncSequence: stream.map { ByteBuffer(bytes: $0) }.cancelOnGracefulShutdown())
            } ?? ResponseBody(byteBuffer: ByteBuffer(bytes: body))
        return Response(status: HTTPResponse.Status(code: status), headers: headers, body: body)
    }

    /// - Parameter written: called when the answer has left this process, in a build that tests kill; never
    ///   in a release.
    func response(written: @escaping @Sendable () -> Void) -> Response {
        guard stream == nil else { return response }
        #if DEBUG
            let buffer = ByteBuffer(bytes: body)
            let writing = ResponseBody(contentLength: body.count) { writer in
                try await writer.write(buffer)
                try await writer.finish(nil)
                written()
            }
            return Response(status: HTTPResponse.Status(code: status), headers: headers, body: writing)
        #else
            return response
        #endif
    }
}
