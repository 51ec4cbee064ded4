extension MisbehavingServer {
    /// What a server does to its callers. Texts are sent unchanged: write `\r\n`.
    package struct Behaviour: Sendable {
        enum Kind: Sendable {
            case refuse
            case freeze
            case serve(@Sendable (MisbehavingConnection) -> Void)
        }

        let kind: Kind

        /// Holds the port without listening: connections are refused.
        package static let refuse = Behaviour(kind: .refuse)

        /// Accepts no connection, with a full backlog: connecting never ends.
        package static let freeze = Behaviour(kind: .freeze)

        /// Reads the request and never answers, until the caller goes away.
        package static let hang = script { connection in
            while connection.readRequest() != nil {}
        }

        /// Answers one byte at a time, without end: first `text`, then "x".
        package static func drip(_ text: String) -> Behaviour {
            script { connection in
                guard connection.readRequest() != nil else { return }
                var rest = Array(text.utf8)[...]
                while connection.write([rest.popFirst() ?? UInt8(ascii: "x")]),
                    connection.peerStays(milliseconds: 5)
                {}
            }
        }

        /// Answers every request of a connection with `text`.
        package static func answer(_ text: String) -> Behaviour {
            script { connection in
                while connection.readRequest() != nil, connection.write(Array(text.utf8)) {}
            }
        }

        /// Answers every request with the current value of `text`.
        package static func answer(now text: @escaping @Sendable () -> String) -> Behaviour {
            script { connection in
                while connection.readRequest() != nil, connection.write(Array(text().utf8)) {}
            }
        }

        /// Answers the first request of a connection with `text`, then closes.
        package static func answerAndClose(_ text: String) -> Behaviour {
            script { connection in
                guard connection.readRequest() != nil else { return }
                _ = connection.write(Array(text.utf8))
            }
        }

        /// Answers with `head`, and then a body that doesn't end.
        package static func stream(_ head: String) -> Behaviour {
            script { connection in
                guard connection.readRequest() != nil, connection.write(Array(head.utf8)) else { return }
                let block = [UInt8](repeating: UInt8(ascii: "x"), count: 65_536)
                while connection.write(block) {}
            }
        }

        /// Runs `serve` on its own thread for each connection, which is closed when it returns.
        package static func script(_ serve: @escaping @Sendable (MisbehavingConnection) -> Void) -> Behaviour
        {
            Behaviour(kind: .serve(serve))
        }
    }
}

/// A connection of a script, used on the script's thread alone.
package final class MisbehavingConnection {
    private let socket: RawSocket
    private let note: (String) -> Void
    private var unread: [UInt8] = []

    init(_ socket: RawSocket, note: @escaping (String) -> Void) {
        self.socket = socket
        self.note = note
    }

    /// The next whole request (head, and body by its Content-Length); nil when the caller has gone.
    package func readRequest() -> String? {
        while true {
            if let length = lengthOfFirstRequest() {
                let request = String(decoding: unread.prefix(length), as: UTF8.self)
                unread.removeFirst(length)
                note(request)
                return request
            }
            guard let more = socket.receive() else { return nil }
            unread += more
        }
    }

    /// False when the caller has gone.
    package func write(_ bytes: [UInt8]) -> Bool { socket.send(bytes) }

    /// Makes the close at the end of the script a reset.
    package func resetOnClose() { socket.resetOnClose() }

    /// Waits that long for the caller to close; false if it did.
    package func peerStays(milliseconds: Int32) -> Bool { socket.peerStays(milliseconds: milliseconds) }

    private func lengthOfFirstRequest() -> Int? {
        guard
            let end = (0..<max(0, unread.count - 3)).first(where: {
                unread[$0..<$0 + 4].elementsEqual("\r\n\r\n".utf8)
            })
        else { return nil }
        let head = String(decoding: unread[..<end], as: UTF8.self)
        let lengths = head.split(separator: "\r\n").compactMap { line -> Int? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { return nil }
            return Int(parts[1].drop { $0 == " " })
        }
        let total = end + 4 + (lengths.first ?? 0)
        return unread.count >= total ? total : nil
    }
}
