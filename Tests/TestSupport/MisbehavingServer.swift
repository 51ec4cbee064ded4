import Foundation
import Resilience

/// A server on raw sockets and a free port of 127.0.0.1, with a given behaviour for every connection.
///
/// It counts connections and requests; `until` waits for the counts, so that no test has to sleep. It runs
/// until `stop`.
package final class MisbehavingServer: Sendable {
    /// The counts so far.
    package struct Tally: Sendable {
        /// Connections accepted.
        package var accepted = 0
        /// Connections that either side ended.
        package var ended = 0
        /// Head and body of each whole request, in the order read.
        package var requests: [String] = []
    }

    package let port: UInt16
    package var url: String { "http://127.0.0.1:\(port)" }

    private let listener: RawSocket
    /// Connections that keep a frozen backlog full.
    private let fillers: [RawSocket]
    private let connections = Locked(Connections())
    /// Occupies the port once the server is stopped.
    private let successor = Locked<RawSocket?>(nil)
    private let tally = Watched(Tally())

    private struct Connections {
        var open: [ObjectIdentifier: RawSocket] = [:]
        var stopped = false
    }

    package init(behaviour: Behaviour) throws {
        let listener = try RawSocket()
        self.listener = listener
        let port = try listener.bindToLoopback()
        self.port = port
        switch behaviour.kind {
        case .refuse:
            fillers = []
        case .freeze:
            try listener.listen(backlog: 0)
            // The first fills the backlog, and the others make sure of it: then the kernel drops new
            // connections.
            fillers = try (0..<4).map { try RawSocket(connectingTo: port, waiting: $0 == 0) }
        case .serve(let serve):
            fillers = []
            try listener.listen(backlog: 1_024)
            Thread.detachNewThread { self.accept(serve) }
        }
    }

    package var seen: Tally { tally.value }

    /// Returns once `condition` holds for the counts.
    package func until(_ condition: @escaping @Sendable (Tally) -> Bool) async {
        await tally.until(condition)
    }

    /// Ends the listener and all connections, with a reset instead of an orderly end if `resetting`. Later
    /// connections are refused.
    package func stop(resetting: Bool = false) {
        listener.shutDown()
        for filler in fillers { filler.shutDown() }
        connections.withLock { connections in
            connections.stopped = true
            for connection in connections.open.values { connection.shutDown(resetting: resetting) }
        }
    }

    /// Ends the open connections, and accepts new ones.
    package func dropConnections() {
        connections.withLock { connections in
            for connection in connections.open.values { connection.shutDown() }
        }
    }

    private func accept(_ serve: @escaping @Sendable (MisbehavingConnection) -> Void) {
        while let socket = listener.accept() {
            connections.withLock { connections in
                connections.open[ObjectIdentifier(socket)] = socket
                if connections.stopped { socket.shutDown() }
            }
            tally.update { $0.accepted += 1 }
            Thread.detachNewThread { self.run(serve, on: socket) }
        }
        listener.close()
        // Otherwise another test's server could get the port and answer instead.
        successor.withLock { [port] in $0 = try? RawSocket(occupying: port) }
    }

    private func run(_ serve: (MisbehavingConnection) -> Void, on socket: RawSocket) {
        serve(MisbehavingConnection(socket) { request in self.tally.update { $0.requests.append(request) } })
        connections.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(socket)) }
        socket.close()
        tally.update { $0.ended += 1 }
    }
}
