import Foundation

/// A client's end of a connection at the level of bytes, for requests that no HTTP client would send.
package final class RawConnection: Sendable {
    package struct Answer: Sendable, Equatable {
        package var status: Int
        /// In lower case.
        package var headers: [String: String]
        package var body: String
    }

    private let socket: RawSocket
    private let reader = Reader()

    package init(port: Int) throws {
        socket = try RawSocket(connectingTo: UInt16(port), waiting: true)
    }

    package func send(_ text: String) { _ = socket.send(Array(text.utf8)) }

    /// A whole request; the body with its length.
    package func send(_ method: String, _ path: String, headers: [String: String] = [:], body: String? = nil)
    {
        var text = "\(method) \(path) HTTP/1.1\r\nhost: test\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "content-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n" }
        send(text + "\r\n" + (body ?? ""))
    }

    /// The next answer; nil at the end of the connection.
    ///
    /// - Parameter isHead: whether it answers a HEAD, whose body doesn't follow.
    package func answer(isHead: Bool = false) async -> Answer? {
        await onThread { [socket, reader] in
            while true {
                if let answer = reader.next(isHead: isHead) { return answer }
                guard let more = socket.receive() else { return nil }
                reader.append(more)
            }
        }
    }

    /// Whether the other side ends the connection without another byte.
    package func ends() async -> Bool { await onThread { [socket] in socket.receive() == nil } }

    /// Closes the sending side.
    package func closeOutput() { socket.closeOutput() }

    package func close() {
        socket.shutDown()
        socket.close()
    }

    /// Resets the connection, so that the peer notices at once: after a plain close it could still send.
    package func reset() {
        socket.resetOnClose()
        socket.close()
    }

    /// Blocks its own thread, so that no thread of the task pool is blocked.
    private func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}

/// Parses answers from the received bytes.
private final class Reader: Sendable {
    private let unread = Watched<[UInt8]>([])

    func append(_ bytes: [UInt8]) { unread.update { $0 += bytes } }

    func next(isHead: Bool) -> RawConnection.Answer? {
        let bytes = unread.value
        guard
            let end = (0..<max(0, bytes.count - 3)).first(where: {
                bytes[$0..<$0 + 4].elementsEqual("\r\n\r\n".utf8)
            })
        else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.last?.trimmingCharacters(in: .whitespaces)
        }
        let length = isHead ? 0 : headers["content-length"].flatMap(Int.init) ?? 0
        guard bytes.count >= end + 4 + length else { return nil }
        unread.update { $0.removeFirst(end + 4 + length) }
        return RawConnection.Answer(
            status: Int(lines[0].split(separator: " ")[1]) ?? 0, headers: headers,
            body: String(decoding: bytes[(end + 4)..<(end + 4 + length)], as: UTF8.self))
    }
}
