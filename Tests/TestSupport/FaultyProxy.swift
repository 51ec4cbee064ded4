import Foundation
import Resilience

/// A proxy between a service and its dependency that treats each request as the test currently says.
package final class FaultyProxy: Sendable {
    package enum Treatment: Sendable {
        case pass
        /// Closes the connection; the dependency gets nothing.
        case refuse
        /// The dependency gets the request, and its answer is lost.
        case loseAnswer
        /// The dependency gets the request twice; the second answer counts.
        case askTwice
    }

    private struct State {
        var target: UInt16?
        var treat: @Sendable (_ request: String) -> Treatment = { _ in .pass }
    }

    private final class Switch: Sendable {
        let state = Locked(State())
    }

    private let setting = Switch()
    private let server: MisbehavingServer

    package init() throws {
        let setting = setting
        server = try MisbehavingServer(
            behaviour: .script { connection in
                guard let port = setting.state.withLock({ $0.target }),
                    let socket = try? RawSocket(connectingTo: port, waiting: true)
                else { return }
                defer { socket.close() }
                let dependency = MisbehavingConnection(socket) { _ in }
                while let request = connection.readRequest(), setting.state.withLock({ $0.target == port }) {
                    let treat = setting.state.withLock { $0.treat }
                    guard Self.serve(request, from: connection, to: dependency, treat(request)) else {
                        return
                    }
                }
            })
    }

    package var url: String { server.url }
    /// Head and body of each request so far.
    package var requests: [String] { server.seen.requests }

    /// Sets the dependency. Until then every connection is closed; connections to an earlier one end with
    /// their next request.
    package func connect(to url: String) {
        let port = url.split(separator: ":").last.flatMap { UInt16($0) }
        setting.state.withLock { $0.target = port }
    }

    package func treat(_ treat: @escaping @Sendable (_ request: String) -> Treatment) {
        setting.state.withLock { $0.treat = treat }
    }

    package func stop() { server.stop() }

    /// False if the connection has to be closed.
    private static func serve(
        _ request: String, from caller: MisbehavingConnection, to dependency: MisbehavingConnection,
        _ treatment: Treatment
    ) -> Bool {
        func ask() -> String? { dependency.write(Array(request.utf8)) ? dependency.readRequest() : nil }
        switch treatment {
        case .refuse: return false
        case .loseAnswer:
            _ = ask()
            return false
        case .pass: return ask().map { caller.write(Array($0.utf8)) } ?? false
        case .askTwice:
            _ = ask()
            return ask().map { caller.write(Array($0.utf8)) } ?? false
        }
    }
}
