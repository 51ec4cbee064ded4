import HTTPTypes
import Hummingbird
import Instrumentation
import ServingPath
import Telemetry
import Tracing

/// The trace that a request belongs to, and the span that records the request.
///
/// A request without a trace of its own begins one, unless nothing follows from it: the routes that every
/// service answers to monitors, and reads that may be shed.
struct ServerTrace: Sendable {
    private let trace: TraceContext?
    private let span: ServiceSpan?
    /// Whether its failure is one of a purchase.
    private let isOfPurchase: Bool

    init(_ request: Request, of route: Route, _ admission: Admission, by tracer: ServiceTracer) {
        let trace = tracer.trace(
            continuing: request.headers[.traceparent], state: request.headers[.tracestate],
            baggage: request.headers[.baggage])
        isOfPurchase = admission.criticality == .criticalPlus
        let isOfInterest =
            !route.isForMonitors && !(route.method == .get && admission.criticality == .sheddable)
        guard trace.isContinued || isOfInterest else {
            (self.trace, span) = (nil, nil)
            return
        }
        self.trace = trace
        span = tracer.begin(
            route.name, ofKind: .server, in: trace, isRoot: !trace.isContinued,
            elapsed: admission.arrival.duration(to: .now))
        span?.set("http.request.method", .string(route.method.rawValue))
        span?.set("http.route", .string(route.path))
        span?.set("csp.criticality", .string(admission.criticality.rawValue))
    }

    /// The context for the request's work.
    var inside: InstrumentationContext {
        if let span { return span.context }
        var context = InstrumentationContext.current ?? .topLevel
        context.trace = trace
        return context
    }

    func end(_ answer: Answer) {
        guard let span else { return }
        span.set("http.response.status_code", .int64(Int64(answer.status)))
        if answer.headers[.idempotentReplayed] == "true" { span.set("csp.replayed", .bool(true)) }
        if answer.status >= 500 {
            span.fail("\(answer.status)")
            if isOfPurchase { span.keep() }
        }
        span.end()
    }
}
