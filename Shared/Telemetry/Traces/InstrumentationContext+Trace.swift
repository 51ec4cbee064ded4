package import Instrumentation
package import Logging

extension InstrumentationContext {
    private enum Key: InstrumentationContextKey {
        /// One key: each costs a dictionary's entry for every span.
        enum Value: Sendable {
            case passedOn(TraceContext)
            case recorded(ServiceSpan)
        }
        static var nameOverride: String? { "trace" }
    }

    /// The trace that the task works for, whether it is recorded or not.
    package var trace: TraceContext? {
        get {
            switch self[Key.self] {
            case .passedOn(let trace): trace
            case .recorded(let span): span.trace
            case nil: nil
            }
        }
        set { self[Key.self] = newValue.map { .passedOn($0) } }
    }

    /// The span that is being recorded.
    package internal(set) var span: ServiceSpan? {
        get { if case .recorded(let span) = self[Key.self] { span } else { nil } }
        set { self[Key.self] = newValue.map { .recorded($0) } }
    }

    /// Adds `trace_id` to each line that is logged for a request or a delivery, and `span_id` where there is
    /// a span.
    package static let metadataProvider = Logger.MetadataProvider {
        guard let trace = current?.trace else { return [:] }
        return ["trace_id": "\(trace.traceId)", "span_id": "\(trace.spanId)"]
    }
}
