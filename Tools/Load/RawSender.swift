import Foundation
import Resilience

/// Sends prepared requests from one thread over bare sockets, so cheaply that the server alone is measured.
///
/// Each stream is an open loop at its rates or, without rates, a closed loop. Latency counts from the
/// intended time.
package final class RawSender {
    /// One kind of request.
    package struct Stream: Sendable {
        /// A rate for some time.
        package struct Phase: Sendable {
            package var seconds: Double
            /// Requests a second.
            package var rate: Double

            package init(seconds: Double, rate: Double) {
                self.seconds = seconds
                self.rate = rate
            }
        }

        var port: Int
        var requests: [RawRequest]
        /// Nil: a closed loop.
        var phases: [Phase]?
        var connections: Int
        var tries: Int

        /// - Parameters:
        ///   - phases: one after the other; nil: a closed loop on all connections.
        ///   - connections: the limit; a request without a free connection is not sent and counts as
        ///     ``Outcome/unsent``.
        ///   - tries: how often a request is sent while there is no answer, or a 503.
        package init(
            port: Int, requests: [RawRequest], phases: [Phase]?, connections: Int = 2000, tries: Int = 1
        ) {
            self.port = port
            self.requests = requests
            self.phases = phases
            self.connections = connections
            self.tries = tries
        }
    }

    package struct Outcome: Sendable {
        /// Seconds since the beginning.
        package var intended: Double
        /// Seconds to the last answer.
        package var latency: Double
        /// 0: not sent, or no answer.
        package var status: Int
        package static let unsent = 0

        package init(intended: Double, latency: Double, status: Int) {
            self.intended = intended
            self.latency = latency
            self.status = status
        }
    }

    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    package struct Result: Sendable {
        /// By stream, in the order of their ends.
        package var outcomes: [[Outcome]]
        /// Requests sent, retries included.
        package var requests: Int
        package var elapsed: Double
        /// CPU of the sending thread.
        package var senderSeconds: Double
    }

    /// A request from its intended time to its last answer.
    private struct Asked {
        var number: Int
        var intended: Double
        var tries = 1
    }

    private struct Connection {
        var descriptor: Int32
        var asked: Asked?
        var sent = 0.0
        var received: [UInt8] = []
    }

    private struct Lane {
        var stream: Stream
        var connections: [Connection] = []
        var idle: [Int] = []
        /// The current phase, its end, and when the next request is due.
        var phase = 0
        var phaseEnd = 0.0
        var next = 0.0
        var count = 0
        /// Retries by the hundredth of a second in which they are due.
        var again: [Int: [Asked]] = [:]
        var outcomes: [Outcome] = []
    }

    /// Pause between two rounds in microseconds, by which latencies may be overestimated.
    private static let pause: UInt32 = 500
    /// How long an answer is waited for, in seconds.
    private static let answerTimeout = 3.0
    private static let backoff = Backoff(base: .milliseconds(200), cap: .seconds(2), floor: .milliseconds(50))

    private var lanes: [Lane]
    private let firstNumber: Int
    /// Connections that wait for an answer.
    private var polled: [pollfd] = []
    private var owners: [(lane: Int, connection: Int)] = []
    private var buffer = [UInt8](repeating: 0, count: 65_536)
    private var begin = ContinuousClock.now
    private var requests = 0
    private var slot = 0
    private var nextLook = 0.0
    private var random = SystemRandomNumberGenerator()

    private init(_ streams: [Stream], firstNumber: Int) {
        lanes = streams.map { Lane(stream: $0, phaseEnd: $0.phases?.first?.seconds ?? 0) }
        self.firstNumber = firstNumber
    }

    /// Sends for `seconds`, then waits up to ``answerTimeout`` for the last answers.
    ///
    /// - Parameter firstNumber: the number of the first request, see ``RawRequest/number``; each has its own.
    /// - Throws: ``Failure`` where there is no connection; `CancellationError` as soon as the task is
    ///   cancelled.
    package static func run(_ streams: [Stream], for seconds: Double, firstNumber: Int) async throws -> Result
    {
        let isCancelled = Locked(false)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(
                        with: Swift.Result {
                            let sender = RawSender(streams, firstNumber: firstNumber)
                            defer { sender.close() }
                            return try sender.run(for: seconds) { isCancelled.withLock { $0 } }
                        })
                }
            }
        } onCancel: {
            isCancelled.withLock { $0 = true }
        }
    }

    private func run(for duration: Double, isCancelled: () -> Bool) throws -> Result {
        for lane in lanes.indices { try prepare(lane) }
        let before = Self.cpu()
        begin = .now
        while true {
            let now = self.now
            if isCancelled() { throw CancellationError() }
            if now >= duration + Self.answerTimeout || now >= duration && polled.isEmpty { break }
            if now < duration { try send(at: now) }
            receive()
            giveUpLate()
            // Answers are read in batches: otherwise the sender would be the bottleneck.
            usleep(Self.pause)
        }
        for (lane, connection) in owners { end(lane, connection, status: 0, isLast: true) }
        for lane in lanes.indices {
            for asked in lanes[lane].again.values.joined() { end(lane, asked, status: 503, at: duration) }
        }
        return Result(
            outcomes: lanes.map(\.outcomes), requests: requests, elapsed: duration,
            senderSeconds: Self.cpu() - before)
    }

    private var now: Double { begin.duration(to: .now) / .seconds(1) }

    private static func cpu() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }

    // MARK: Sending

    private func send(at now: Double) throws {
        let current = Int(now * 100)
        for index in lanes.indices {
            for past in slot...max(slot, current) {
                for asked in lanes[index].again.removeValue(forKey: past) ?? [] {
                    try send(index, asked, at: now)
                }
            }
            guard lanes[index].stream.phases != nil else {
                while hasConnection(index) { try send(index, new(index, intended: now), at: now) }
                continue
            }
            while let intended = due(index, at: now) {
                try send(index, new(index, intended: intended), at: now)
            }
        }
        slot = current
    }

    /// The intended time of the next request of a stream; nil if it is later than now.
    private func due(_ index: Int, at now: Double) -> Double? {
        while let phases = lanes[index].stream.phases, lanes[index].phase < phases.count {
            let rate = phases[lanes[index].phase].rate
            guard lanes[index].next < lanes[index].phaseEnd, rate > 0 else {
                lanes[index].next = lanes[index].phaseEnd
                lanes[index].phase += 1
                if lanes[index].phase < phases.count {
                    lanes[index].phaseEnd += phases[lanes[index].phase].seconds
                }
                continue
            }
            let intended = lanes[index].next
            guard intended <= now else { return nil }
            lanes[index].next += 1 / rate
            return intended
        }
        return nil
    }

    private func new(_ index: Int, intended: Double) -> Asked {
        lanes[index].count += 1
        return Asked(number: lanes[index].count, intended: intended)
    }

    private func hasConnection(_ index: Int) -> Bool {
        !lanes[index].idle.isEmpty || lanes[index].connections.count < lanes[index].stream.connections
    }

    private func send(_ index: Int, _ asked: Asked, at now: Double) throws {
        guard hasConnection(index) else { return end(index, asked, status: Outcome.unsent, at: now) }
        if lanes[index].idle.isEmpty { try connect(index) }
        guard let free = lanes[index].idle.popLast() else { return }
        let kind = asked.number % lanes[index].stream.requests.count
        // Numbers are unique across streams.
        let bytes = lanes[index].stream.requests[kind].numbered(
            firstNumber + asked.number * lanes.count + index)
        requests += 1
        lanes[index].connections[free].asked = asked
        lanes[index].connections[free].sent = now
        let count = Glibc.send(
            lanes[index].connections[free].descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        // A request is far smaller than a socket's buffer.
        guard count == bytes.count else {
            drop(index, free)
            return
        }
        polled.append(
            pollfd(fd: lanes[index].connections[free].descriptor, events: Int16(POLLIN), revents: 0))
        owners.append((index, free))
    }

    /// Opens connections for a fifth of a second, so that the measurement doesn't begin with connecting.
    private func prepare(_ index: Int) throws {
        let stream = lanes[index].stream
        let needed = stream.phases.map { ($0.map(\.rate).max() ?? 0) / 5 } ?? .infinity
        while Double(lanes[index].connections.count) < min(needed, Double(stream.connections)) {
            try connect(index)
        }
    }

    private func connect(_ index: Int) throws {
        let descriptor = try connected(index)
        lanes[index].connections.append(Connection(descriptor: descriptor))
        lanes[index].idle.append(lanes[index].connections.count - 1)
    }

    private func connected(_ index: Int) throws -> Int32 {
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
        guard result == 0 else {
            _ = Glibc.close(descriptor)
            throw Failure(description: "no connection to port \(lanes[index].stream.port)")
        }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    // MARK: Receiving

    private func receive() {
        guard poll(&polled, nfds_t(polled.count), 0) > 0 else { return }
        for index in polled.indices.reversed() where polled[index].revents != 0 {
            let (lane, connection) = owners[index]
            let count = recv(polled[index].fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                lanes[lane].connections[connection].received += buffer[..<count]
                guard let status = Self.status(of: lanes[lane].connections[connection].received) else {
                    continue
                }
                end(lane, connection, status: status)
            } else {
                drop(lane, connection)
            }
            forget(index)
        }
    }

    /// Ten times a second.
    private func giveUpLate() {
        let now = self.now
        guard now >= nextLook else { return }
        nextLook = now + 0.1
        for index in polled.indices.reversed() {
            let (lane, connection) = owners[index]
            guard now - lanes[lane].connections[connection].sent > Self.answerTimeout else { continue }
            drop(lane, connection)
            forget(index)
        }
    }

    private func forget(_ index: Int) {
        polled.swapAt(index, polled.count - 1)
        polled.removeLast()
        owners.swapAt(index, owners.count - 1)
        owners.removeLast()
    }

    /// No answer will come on this connection: another one takes its place.
    private func drop(_ lane: Int, _ connection: Int) {
        _ = Glibc.close(lanes[lane].connections[connection].descriptor)
        end(lane, connection, status: 0)
        lanes[lane].idle.removeAll { $0 == connection }
        guard let new = try? connected(lane) else {
            lanes[lane].connections[connection].descriptor = -1
            return
        }
        lanes[lane].connections[connection].descriptor = new
        lanes[lane].idle.append(connection)
    }

    private func end(_ lane: Int, _ connection: Int, status: Int, isLast: Bool = false) {
        guard let asked = lanes[lane].connections[connection].asked else { return }
        lanes[lane].connections[connection].asked = nil
        lanes[lane].connections[connection].received.removeAll(keepingCapacity: true)
        lanes[lane].idle.append(connection)
        let now = self.now
        guard !isLast, status == 0 || status == 503, asked.tries < lanes[lane].stream.tries else {
            return end(lane, asked, status: status, at: now)
        }
        var again = asked
        again.tries += 1
        let delay = Self.backoff.delay(afterFailures: asked.tries, using: &random) / .seconds(1)
        lanes[lane].again[max(slot + 1, Int((now + delay) * 100)), default: []].append(again)
    }

    private func end(_ lane: Int, _ asked: Asked, status: Int, at now: Double) {
        lanes[lane].outcomes.append(
            Outcome(intended: asked.intended, latency: now - asked.intended, status: status))
    }

    private func close() {
        for lane in lanes { for connection in lane.connections { _ = Glibc.close(connection.descriptor) } }
    }

    /// Nil while the answer isn't complete. Every answer has a content length.
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
                    length = bytes[(index + 16)...].prefix { $0 >= 48 && $0 <= 57 }.reduce(0) {
                        $0 * 10 + Int($1 - 48)
                    }
                }
            }
            return nil
        }
    }
}
