import NIOCore
import Resilience

/// Brings the shedder's answer to the connection's event loop.
final class AdmissionWaiter: Shedder.Waiter {
    private let handler: NIOLoopBound<(AdmissionHandler, ChannelHandlerContext)>

    init(_ handler: NIOLoopBound<(AdmissionHandler, ChannelHandlerContext)>) { self.handler = handler }

    func admitted(_ permit: Shedder.Permit) {
        onLoop { handler, context in handler.admitted(permit, context) }
    }

    func refused(_ refusal: Shedder.Refusal) {
        onLoop { handler, context in handler.refused(refusal, context) }
    }

    private func onLoop(_ body: @escaping @Sendable (AdmissionHandler, ChannelHandlerContext) -> Void) {
        let handler = handler
        if handler.eventLoop.inEventLoop {
            body(handler.value.0, handler.value.1)
        } else {
            handler.eventLoop.execute { body(handler.value.0, handler.value.1) }
        }
    }
}
