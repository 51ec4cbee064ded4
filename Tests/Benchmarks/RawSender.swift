import Foundation
import Resilience

/// Sends requests that were made before, from one thread over bare sockets: so cheap that what is measured is the other side.
///
/// Open loop: each stream sends at its rate whatever comes back, and latency counts from the intended time.
final class RawSender {
    /// One kind of request at one rate.
    struct Stream {
        var port: Int
        /// Requests a second; nil: as many at once as `connections`, each followed by the next (a closed loop).
        var rate: Double?
        var requests: [RawRequest]
        /// At once, at most; what finds none of them free is not sent, and counts as ``Outcome/unsent``.
        var connections = 1000
    }

    struct Outcome {
        /// Seconds since the beginning.
        var intended: Double
        var latency: Double
        /// 0: not sent, or no answer.
        var status: Int
        static let unsent = 0
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private struct Connection {
        var descriptor: Int32
        var intended: Double?
        var received: [UInt8] = []
    }

    private struct Lane {
        var stream: Stream
        var connections: [Connection] = []
        var idle: [Int] = []
        var next = 0.0
        var sent = 0
        var outcomes: [Outcome] = []
    }

    /// Between two rounds, in microseconds: by that much an answer may be taken for later than it was.
    private static let pause: UInt32 = 500

    private var lanes: [Lane]
    private let firstNumber: Int
    /// Those that wait for an answer.
    private var polled: [pollfd] = []
    private var owners: [(lane: Int, connection: Int)] = []
    private var buffer = [UInt8](repeating: 0, count: 65_536)
    private let begin = ContinuousClock.now
    /// CPU of the sending thread.
    private(set) var seconds = 0.0

    private init(_ streams: [Stream], firstNumber: Int) {
        lanes = streams.map { Lane(stream: $0) }
        self.firstNumber = firstNumber
    }

    struct Result: Sendable {
        /// By stream, in the order of sending.
        var outcomes: [[Outcome]]
        var elapsed: Double
        var senderSeconds: Double
    }

    /// Sends for `duration`, then waits up to two seconds for the last answers.
    static func run(_ streams: [Stream], for duration: Duration, firstNumber: Int) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Swift.Result {
                        let sender = RawSender(streams, firstNumber: firstNumber)
                        defer { sender.close() }
                        return try sender.run(for: duration.inSeconds)
                    })
            }
        }
    }

    private func run(for duration: Double) throws -> Result {
        let before = CPUTime.ofThisThread()
        while true {
            let now = self.now
            if now >= duration + 2 || now >= duration && !isAnyUnderWay { break }
            if now < duration { try send(at: now) }
            receive()
            // What came meanwhile is taken together: otherwise the sender would be what is measured.
            usleep(Self.pause)
        }
        for index in lanes.indices { giveUp(index) }
        return Result(
            outcomes: lanes.map(\.outcomes), elapsed: duration, senderSeconds: CPUTime.ofThisThread() - before)
    }

    private var now: Double { begin.duration(to: .now).inSeconds }

    private var isAnyUnderWay: Bool { lanes.contains { $0.idle.count < $0.connections.count } }

    // MARK: Sending

    private func send(at now: Double) throws {
        for index in lanes.indices {
            guard let rate = lanes[index].stream.rate else {
                while try send(index, intended: now) {}
                continue
            }
            while lanes[index].next <= now {
                let intended = lanes[index].next
                lanes[index].next += 1 / rate
                if try !send(index, intended: intended) {
                    lanes[index].outcomes.append(Outcome(intended: intended, latency: 0, status: Outcome.unsent))
                }
            }
        }
    }

    /// False: no connection is free.
    private func send(_ index: Int, intended: Double) throws -> Bool {
        if lanes[index].idle.isEmpty {
            guard lanes[index].connections.count < lanes[index].stream.connections else { return false }
            try connect(index)
        }
        guard let free = lanes[index].idle.popLast() else { return false }
        let kind = lanes[index].sent % lanes[index].stream.requests.count
        let bytes = lanes[index].stream.requests[kind].numbered(firstNumber + lanes[index].sent)
        lanes[index].sent += 1
        lanes[index].connections[free].intended = intended
        let count = Glibc.send(lanes[index].connections[free].descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        // A request is far smaller than what a socket takes at once.
        guard count == bytes.count else {
            end(index, free, status: 0)
            return true
        }
        polled.append(pollfd(fd: lanes[index].connections[free].descriptor, events: Int16(POLLIN), revents: 0))
        owners.append((index, free))
        return true
    }

    private func connect(_ index: Int) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(lanes[index].stream.port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(description: "no connection to port \(lanes[index].stream.port)") }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        lanes[index].connections.append(Connection(descriptor: descriptor))
        lanes[index].idle.append(lanes[index].connections.count - 1)
    }

    // MARK: Receiving

    private func receive() {
        guard poll(&polled, nfds_t(polled.count), 0) > 0 else { return }
        for index in polled.indices.reversed() where polled[index].revents != 0 {
            let (lane, connection) = owners[index]
            let count = recv(polled[index].fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                lanes[lane].connections[connection].received += buffer[..<count]
                guard let status = Self.status(of: lanes[lane].connections[connection].received) else { continue }
                end(lane, connection, status: status)
            } else {
                end(lane, connection, status: 0)
                lanes[lane].idle.removeLast()
            }
            polled.swapAt(index, polled.count - 1)
            polled.removeLast()
            owners.swapAt(index, owners.count - 1)
            owners.removeLast()
        }
    }

    private func end(_ lane: Int, _ connection: Int, status: Int) {
        guard let intended = lanes[lane].connections[connection].intended else { return }
        lanes[lane].connections[connection].intended = nil
        lanes[lane].connections[connection].received.removeAll(keepingCapacity: true)
        lanes[lane].idle.append(connection)
        lanes[lane].outcomes.append(Outcome(intended: intended, latency: now - intended, status: status))
    }

    private func giveUp(_ lane: Int) {
        for connection in lanes[lane].connections.indices { end(lane, connection, status: 0) }
    }

    private func close() {
        for lane in lanes { for connection in lane.connections { _ = Glibc.close(connection.descriptor) } }
    }

    /// Nil while the answer isn't complete. Every answer here says how long it is.
    private static func status(of answer: [UInt8]) -> Int? {
        answer.withUnsafeBufferPointer { bytes in
            var index = 0
            var length = 0
            while index + 3 < bytes.count {
                // `content-length:` is looked for where a line begins.
                guard bytes[index] == UInt8(ascii: "\r"), bytes[index + 1] == UInt8(ascii: "\n") else {
                    index += 1
                    continue
                }
                index += 2
                if bytes[index] == UInt8(ascii: "\r") {
                    guard bytes.count >= index + 2 + length else { return nil }
                    return bytes[9..<12].reduce(0) { $0 * 10 + Int($1 - 48) }
                }
                if index + 16 < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "c"),
                    bytes[index + 8] | 0x20 == UInt8(ascii: "l"),
                    bytes[index + 14] == UInt8(ascii: ":")
                {
                    length = bytes[(index + 16)...].prefix { $0 >= 48 && $0 <= 57 }.reduce(0) { $0 * 10 + Int($1 - 48) }
                }
            }
            return nil
        }
    }
}
