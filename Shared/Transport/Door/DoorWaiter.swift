import NIOCore
import Resilience

/// Brings the shedder's answer back to the connection's event loop.
final class DoorWaiter: Shedder.Waiter {
    private let handler: NIOLoopBound<(DoorHandler, ChannelHandlerContext)>

    init(_ handler: NIOLoopBound<(DoorHandler, ChannelHandlerContext)>) { self.handler = handler }

    func admitted(_ place: Shedder.Place) {
        onLoop { handler, context in handler.admitted(place, context) }
    }

    func refused(_ refusal: Shedder.Refusal) {
        onLoop { handler, context in handler.refused(refusal, context) }
    }

    private func onLoop(_ body: @escaping @Sendable (DoorHandler, ChannelHandlerContext) -> Void) {
        let handler = handler
        if handler.eventLoop.inEventLoop {
            body(handler.value.0, handler.value.1)
        } else {
            handler.eventLoop.execute { body(handler.value.0, handler.value.1) }
        }
    }
}
