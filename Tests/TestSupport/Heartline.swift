import Foundation
import Resilience

/// A connection to a process that says nothing: it ends when the process does, however that ends.
package final class Heartline: Sendable {
    private let socket: RawSocket?
    private let isCut = Locked(false)

    /// - Parameter port: where the process listens on 127.0.0.1; nobody there counts as dead.
    package init(port: Int) {
        socket = UInt16(exactly: port).flatMap { try? RawSocket(connectingTo: $0, waiting: true) }
    }

    /// Returns when the process has ended, or when the line is cut: true if it has ended.
    package func untilDead() async -> Bool {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                while socket?.receive() != nil {}
                socket?.close()
                continuation.resume(returning: isCut.withLock { !$0 })
            }
        }
    }

    /// Ends the waiting.
    package func cut() {
        isCut.withLock { $0 = true }
        socket?.shutDown()
    }
}
