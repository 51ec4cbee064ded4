import Foundation
import Resilience

/// A silent connection to a process: it ends with the process, however that ends.
package final class Heartline: Sendable {
    private let socket: RawSocket?
    private let isCut = Locked(false)

    /// - Parameter port: where the process listens on 127.0.0.1; a port without a listener counts as dead.
    package init(port: Int) {
        socket = UInt16(exactly: port).flatMap { try? RawSocket(connectingTo: $0, waiting: true) }
    }

    /// Returns true when the process has ended, false when the connection is closed by ``cut()``.
    package func untilDead() async -> Bool {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                while socket?.receive() != nil {}
                socket?.close()
                continuation.resume(returning: isCut.withLock { !$0 })
            }
        }
    }

    /// Ends the wait.
    package func cut() {
        isCut.withLock { $0 = true }
        socket?.shutDown()
    }
}
