package import Instrumentation
package import Logging

extension InstrumentationContext {
    private enum TraceKey: InstrumentationContextKey {
        typealias Value = TraceContext
        static var nameOverride: String? { "trace" }
    }

    private enum SpanKey: InstrumentationContextKey {
        typealias Value = ServiceSpan
        static var nameOverride: String? { "span" }
    }

    /// The trace that the task works for, whether it is recorded or not.
    package var trace: TraceContext? {
        get { self[TraceKey.self] }
        set { self[TraceKey.self] = newValue }
    }

    /// The span that is being recorded.
    package internal(set) var span: ServiceSpan? {
        get { self[SpanKey.self] }
        set { self[SpanKey.self] = newValue }
    }

    /// Adds `trace_id` to each line that is logged for a request or a delivery, and `span_id` where there is
    /// a span.
    package static let metadataProvider = Logger.MetadataProvider {
        guard let trace = current?.trace else { return [:] }
        return ["trace_id": "\(trace.traceId)", "span_id": "\(trace.spanId)"]
    }
}
