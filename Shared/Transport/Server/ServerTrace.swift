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
    private let trace: TraceContext
    private let span: ServiceSpan?

    init(_ request: Request, of route: Route, _ admission: Admission, by tracer: ServiceTracer) {
        let parent = request.headers[.traceparent]
        trace = tracer.trace(
            continuing: parent, state: request.headers[.tracestate], baggage: request.headers[.baggage])
        let isOfInterest = !route.isForMonitors && admission.criticality != .sheddable
        guard tracer.isRecording, parent != nil || isOfInterest else {
            span = nil
            return
        }
        span = tracer.begin(
            route.name, ofKind: .server, in: trace, isRoot: parent == nil,
            elapsed: admission.arrival.duration(to: .now))
        span?.set("http.request.method", .string(route.method.rawValue))
        span?.set("http.route", .string(route.path))
        span?.set("csp.criticality", .string(admission.criticality.rawValue))
    }

    /// The context for the request's work.
    var inside: InstrumentationContext {
        if let span { return span.inside }
        var context = InstrumentationContext.current ?? .topLevel
        context.trace = trace
        return context
    }

    func end(status: Int) {
        guard let span else { return }
        span.set("http.response.status_code", .int64(Int64(status)))
        if status >= 500 { span.fail("\(status)") }
        span.end()
    }
}
