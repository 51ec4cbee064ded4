package import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Resilience

/// HTTP/1.1 connections as Hummingbird handles them, with a ``AdmissionControl`` between the parser and
/// everything else.
struct AdmissionChannel: HTTPChannelHandler {
    struct Connection: ServerChildChannelValue {
        let parts: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
        let slot: AdmissionSlot

        var channel: any Channel { parts.channel }
    }

    let admission: AdmissionControl
    let table: AdmissionTable
    let responder: HTTPChannelHandler.Responder

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            let slot = AdmissionSlot()
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = 16_384
            limits.maxHeaderListSize = 16_384
            limits.maxHeaderFieldCount = 100
            let pipeline = channel.pipeline.syncOperations
            // One request at a time is admitted, so nothing else has to keep the answers in order;
            // Hummingbird answers what can't be parsed.
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false,
                withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
            try pipeline.addHandler(
                AdmissionHandler(
                    admission: admission, table: table, slot: slot,
                    encoder: pipeline.context(handlerType: HTTPResponseEncoder.self)))
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            let parts = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true))
            return Connection(parts: parts, slot: slot)
        }
    }

    func handle(value connection: Connection, logger: Logger) async {
        let admitting = AdmissionChannel(admission: admission, table: table) {
            [responder] request, writer, channel in
            guard let admission = connection.slot.take() else {
                return try await responder(request, writer, channel)
            }
            // The work may have ended before its answer is written.
            defer { admission.permit?.end(countsAsSample: false) }
            var once = Optional(writer)
            try await Admission.$current.withValue(admission) {
                if let writer = once.take() { try await responder(request, writer, channel) }
            }
        }
        await admitting.handleHTTP(asyncChannel: connection.parts, logger: logger)
        // Admitted, and never begun.
        connection.slot.take()?.permit?.end(countsAsSample: false)
    }
}

extension HTTPServerBuilder {
    /// Connections whose requests pass `admission`.
    ///
    /// - Parameters:
    ///   - routes: all routes that are served.
    ///   - exempt: first segments of paths that are never shed, such as `csp`: probes and operators'
    ///     requests.
    package static func through(
        _ admission: AdmissionControl, to routes: [Route], exempt: [String]
    ) -> HTTPServerBuilder {
        let table = AdmissionTable(routes, exempt: exempt)
        return HTTPServerBuilder { AdmissionChannel(admission: admission, table: table, responder: $0) }
    }
}
