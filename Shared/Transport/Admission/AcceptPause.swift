import Foundation
package import Logging
package import NIOCore

/// Stops accepting for a while when the process has no descriptor for another connection.
///
/// After such an error NIO goes on watching the listening socket, so that the event loop turns without a
/// pause for as long as a client wants to connect; its own back-off (`AcceptBackoffHandler`) delays the next
/// read but doesn't stop the watching.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    static let pause = TimeAmount.milliseconds(100)

    private let connections: Connections
    private let logger: Logger
    private var isPaused = false

    init(connections: Connections, logger: Logger) {
        self.connections = connections
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, Self.isShortage(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        connections.endOne()
        guard !isPaused else { return }
        logger.warning("no descriptor for a connection", metadata: ["error": "\(error)"])
        setAccepting(false, context)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.pause) {
            let (handler, context) = bound.value
            handler.setAccepting(true, context)
        }
    }

    private func setAccepting(_ isAccepting: Bool, _ context: ChannelHandlerContext) {
        isPaused = !isAccepting
        try? context.channel.syncOptions?.setOption(.autoRead, value: isAccepting)
    }

    private static func isShortage(_ code: CInt) -> Bool {
        [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code)
    }
}

extension AdmissionControl {
    /// Handles the accept errors of the socket that the service listens on.
    package func listens(on channel: any Channel, logger: Logger) async throws {
        let connections = connections
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.addHandler(
                AcceptPause(connections: connections, logger: logger), position: .first)
        }.get()
    }
}
