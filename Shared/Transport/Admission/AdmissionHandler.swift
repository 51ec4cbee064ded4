import Contracts
import NIOCore
import NIOHTTP1
import Resilience

/// Sits behind the parser of one connection and admits one request at a time, in order.
///
/// A request is admitted when all of it has arrived, so that a slow sender holds no permit; what it sends
/// meanwhile is kept, up to the size that a body may have. What follows it on the connection is kept until it
/// is answered, and is not read if that would be much. A refused request gets bytes that were made before,
/// written below the encoder; the connection stays.
final class AdmissionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        /// Between requests.
        case idle
        /// The request hasn't arrived as a whole.
        case receiving(Admission)
        case waiting(Shedder.Ticket, Admission)
        /// Passed on: to be read to its end, and to be answered.
        case working(isReceived: Bool, isAnswered: Bool)
        /// Refused; the rest of it is dropped.
        case discarding
        /// Nothing more is served here.
        case over
    }

    private let admission: AdmissionControl
    private let table: AdmissionTable
    /// The value of the header that names the service.
    private let service: String
    private let slot: AdmissionSlot
    /// Where raw bytes are written, below the parts.
    private let encoder: ChannelHandlerContext
    private var client = ""
    /// In ``AdmissionControl/connections``; nil where there was no room.
    private var id: ConnectionTable.ID?
    /// Whether a service has shown its token on this connection.
    private var isOfService = false
    private var waiter: AdmissionWaiter?
    private var phase = Phase.idle
    /// The request that is received or waits.
    private var parts: [HTTPServerRequestPart] = []
    private var bodyBytes = 0
    private var path: Substring = ""
    private var isHead = false
    /// Whether it is a GET or HEAD.
    private var isRead = false
    private var closesAfterwards = false
    private var held = HeldInput()
    private var isReadHeld = false
    private var clock: ClientClock
    private var timer: Scheduled<Void>?

    init(
        admission: AdmissionControl, table: AdmissionTable, slot: AdmissionSlot,
        encoder: ChannelHandlerContext
    ) {
        self.admission = admission
        self.table = table
        clock = ClientClock(idleTimeout: admission.idleTimeout, requestTimeout: admission.requestTimeout)
        service = "\(admission.service)"
        self.slot = slot
        self.encoder = encoder
    }

    func handlerAdded(context: ChannelHandlerContext) {
        client = context.remoteAddress?.ipAddress.map(ClientRates.client) ?? ""
        waiter = AdmissionWaiter(NIOLoopBound((self, context), eventLoop: context.eventLoop))
        id = admission.connections.open(context.channel, of: client)
        watch(context, for: clock.pause)
        guard id == nil else { return }
        phase = .over
        let channel = context.channel
        // Not while it is still being set up.
        channel.eventLoop.execute { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    /// The waiting request's client has gone. Work goes on: its permit comes back when it ends.
    private func end() {
        if case .waiting(let ticket, _) = phase { _ = admission.shedder?.leave(ticket) }
        phase = .over
        if let id { admission.connections.close(id) }
        timer?.cancel()
        timer = nil
        waiter = nil
        parts = []
        held = HeldInput()
    }

    // MARK: What comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        clock.partCame()
        guard isFree else { return held.append(.part(part)) }
        receive(part, context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        clock.readCompleted(betweenRequests: turn == .request)
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        clock.writabilityChanged(context.channel.isWritable)
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isFree { context.fireErrorCaught(error) } else { held.append(.error(error)) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed where !isFree:
            held.append(.inputClosed)
            passOnEnd(context)
        case is ChannelShouldQuiesceEvent:
            closesAfterwards = true
            if case .idle = phase { context.close(promise: nil) }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func read(context: ChannelHandlerContext) {
        if held.isFull { isReadHeld = true } else { context.read() }
    }

    /// Whether what comes next belongs to a request that isn't complete, or to a new one.
    private var isFree: Bool {
        guard held.isEmpty else { return false }
        switch phase {
        case .waiting, .working(isReceived: true, _): return false
        case .idle, .receiving, .working, .discarding, .over: return true
        }
    }

    private func receive(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (phase, part) {
        case (.idle, .head(let head)): receive(head, context)
        case (.receiving(let admitted), _):
            if case .body(let bytes) = part {
                // The body of these is not read.
                if isRead { return }
                bodyBytes += bytes.readableBytes
            }
            guard bodyBytes <= Call.largestBody else { return refuse(.bodyTooLarge, context) }
            parts.append(part)
            guard case .end = part else { return }
            guard begin() else { return context.close(promise: nil) }
            ask(admitted, context)
        case (.working(_, let isAnswered), _):
            context.fireChannelRead(wrapInboundOut(part))
            guard case .end = part else { return }
            _ = begin()
            phase = .working(isReceived: true, isAnswered: isAnswered)
            if isAnswered { finish(context) }
        case (.discarding, .end): finish(context)
        case (.discarding, _), (.over, _), (.idle, _), (.waiting, _): break
        }
    }

    private func receive(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        clock.headCame()
        path = head.uri.prefix { $0 != "?" }
        isHead = head.method == .HEAD
        isRead = isHead || head.method == .GET
        // The parser reads nothing after a request that asks for another protocol, although it gets none.
        if !head.isKeepAlive || head.headers.contains(name: "upgrade") || head.method == .CONNECT {
            closesAfterwards = true
        }
        let isService = admission.isService(head)
        if isService, !isOfService, let id {
            isOfService = true
            admission.connections.isService(id)
        }
        let route = table.entry(head.method, head.uri)
        switch admission.admit(head, to: route, isService: isService, from: client, at: .now) {
        case .free(let admitted):
            slot.put(admitted)
            phase = .working(isReceived: false, isAnswered: false)
            context.fireChannelRead(wrapInboundOut(.head(head)))
        case .permit(let admitted) where id.map(admission.connections.isBeyondLimits) ?? true:
            closesAfterwards = true
            refuse(admitted, .overloaded, context)
        case .permit(let admitted):
            phase = .receiving(admitted)
            parts.append(.head(head))
            if head.version == .http1_1, head.headers.contains(name: "expect") { write(Refusals.goOn) }
        case .refused(let reason): refuse(reason, context)
        case .rateLimited(let quota):
            refuse(
                admission.refusals.rateLimited(quota, path: path, isHead: isHead, closes: closesAfterwards),
                context)
        }
    }

    /// A request has arrived as a whole: the connection isn't ended before it is answered.
    private func begin() -> Bool {
        clock.requestCame()
        return id.map(admission.connections.begin) ?? false
    }

    // MARK: Admission

    private func ask(_ admitted: Admission, _ context: ChannelHandlerContext) {
        guard let shedder = admission.shedder, let waiter else { return }
        switch shedder.ask(admitted.request, waiter) {
        case .admitted(let permit): passOn(admitted, permit, context)
        case .waiting(let ticket):
            phase = .waiting(ticket, admitted)
        case .refused(let refusal): refuse(admitted, refusal, context)
        }
    }

    func admitted(_ permit: Shedder.Permit, _ context: ChannelHandlerContext) {
        guard case .waiting(_, let admitted) = phase else { return permit.end(countsAsSample: false) }
        passOn(admitted, permit, context)
        context.fireChannelReadComplete()
    }

    func refused(_ refusal: Shedder.Refusal, _ context: ChannelHandlerContext) {
        guard case .waiting(_, let admitted) = phase else { return }
        refuse(admitted, refusal, context)
    }

    private func passOn(_ admitted: Admission, _ permit: Shedder.Permit, _ context: ChannelHandlerContext) {
        var admitted = admitted
        admitted.permit = permit
        slot.put(admitted)
        phase = .working(isReceived: true, isAnswered: false)
        let request = parts
        parts = []
        bodyBytes = 0
        for part in request { context.fireChannelRead(wrapInboundOut(part)) }
        passOnEnd(context)
    }

    /// If no request follows the one in work, the work may know that its client has closed its side.
    private func passOnEnd(_ context: ChannelHandlerContext) {
        guard case .working = phase, held.popInputClosed() else { return }
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }

    private func refuse(
        _ admitted: Admission, _ refusal: Shedder.Refusal, _ context: ChannelHandlerContext
    ) {
        admission.refused(admitted)
        switch refusal {
        case .overloaded: refuse(.overloaded, context)
        case .deadlineExceeded: refuse(.deadlineExceeded, context)
        }
    }

    private func refuse(_ reason: Refusals.Reason, _ context: ChannelHandlerContext) {
        refuse(
            admission.refusals.bytes(reason, path: path, isHead: isHead, closes: closesAfterwards), context)
    }

    /// Called for the last part that came: the answer ends a request that has arrived as a whole.
    private func refuse(_ answer: ByteBuffer, _ context: ChannelHandlerContext) {
        write(answer)
        let isComplete = if case .end = parts.last { true } else { false }
        parts.removeAll(keepingCapacity: true)
        bodyBytes = 0
        phase = .discarding
        if isComplete { finish(context) }
    }

    private func write(_ bytes: ByteBuffer) {
        encoder.writeAndFlush(NIOAny(IOData.byteBuffer(bytes)), promise: nil)
    }

    // MARK: What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch (unwrapOutboundIn(data), phase) {
        case (.head(var head), _):
            // Here, because every answer passes, the framework's included.
            head.headers.add(name: ServiceIdentity.header, value: service)
            if closesAfterwards { head.headers.replaceOrAdd(name: "connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case (.end, .working(isReceived: true, _)) where closesAfterwards:
            // Not before the last byte is written.
            phase = .over
            clock.fellSilent()
            let written = promise ?? context.eventLoop.makePromise()
            written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            context.write(data, promise: written)
        case (.end, .working(let isReceived, _)):
            context.write(data, promise: promise)
            phase = .working(isReceived: isReceived, isAnswered: true)
            if isReceived { finish(context) }
        default: context.write(data, promise: promise)
        }
    }

    /// The request has been read and answered: the next one's turn.
    private func finish(_ context: ChannelHandlerContext) {
        clock.fellSilent()
        if let id { admission.connections.end(id) }
        if closesAfterwards {
            phase = .over
            return context.close(promise: nil)
        }
        phase = .idle
        guard !held.isEmpty else { return }
        takeHeld(context)
    }

    private func takeHeld(_ context: ChannelHandlerContext) {
        while !isBusy, let next = held.popFirst() {
            switch next {
            case .part(let part): receive(part, context)
            case .inputClosed: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            case .error(let error): context.fireErrorCaught(error)
            }
        }
        context.fireChannelReadComplete()
        guard isReadHeld, !held.isFull else { return }
        isReadHeld = false
        context.read()
    }

    private var isBusy: Bool {
        switch phase {
        case .waiting, .working(isReceived: true, _): true
        case .idle, .receiving, .working, .discarding, .over: false
        }
    }

    // MARK: Silence

    private func watch(_ context: ChannelHandlerContext, for time: TimeAmount) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time) {
            let (handler, context) = bound.value
            handler.look(context)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        let left = clock.left(turn, at: .now())
        if let left, left <= .zero {
            context.close(promise: nil)
        } else {
            watch(context, for: min(left ?? clock.pause, clock.pause))
        }
    }

    private var turn: ClientClock.Turn {
        switch phase {
        case .idle: .request
        case .waiting, .working(isReceived: true, _): .service
        case .receiving, .working, .discarding: .rest
        case .over: .close
        }
    }
}
