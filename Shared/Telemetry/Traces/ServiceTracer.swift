package import Instrumentation
import Resilience
import Synchronization
package import Tracing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Records the spans of one service and hands those of sampled traces to its exporter.
///
/// A share of the traces is sampled, by their ids, so that all services choose the same ones. What happens in
/// the others is held for a while: a trace that turns out to be worth it (``ServiceSpan/keep()``, or a caller
/// that has found so) is exported with what this process still holds of it.
///
/// It is a `Tracer` of swift-distributed-tracing: libraries that are instrumented with that find it once it
/// is bootstrapped. The services' own code uses ``ServiceSpan/within(_:ofKind:_:)``, which costs a few
/// nanoseconds while nothing is recorded.
package final class ServiceTracer: Tracer {
    /// How many spans of traces that aren't sampled are held.
    static let mostHeld = 4096

    /// Nil: nothing is recorded, and contexts are passed on only.
    private let exporter: SpanExporter?
    /// A trace is sampled if the last 7 bytes of its id are below this: OpenTelemetry's
    /// `TraceIdRatioBased`.
    private let threshold: UInt64
    private let held = Locked(Held())

    /// Spans of traces that aren't sampled, the last ones; the oldest trace goes first.
    private struct Held {
        private var traces: [TraceID: [ServiceSpan]] = [:]
        private var ids: [TraceID] = []
        private var count = 0

        mutating func add(_ span: ServiceSpan) {
            let id = span.trace.traceId
            if traces[id] == nil { ids.append(id) }
            traces[id, default: []].append(span)
            count += 1
            while count > ServiceTracer.mostHeld { _ = take(ids.removeFirst()) }
            // Those of traces that were taken are still there.
            if ids.count > 2 * ServiceTracer.mostHeld { ids.removeAll { traces[$0] == nil } }
        }

        mutating func take(_ id: TraceID) -> [ServiceSpan] {
            let spans = traces.removeValue(forKey: id) ?? []
            count -= spans.count
            return spans
        }
    }

    package static let off = ServiceTracer(exporter: nil)

    /// - Parameter share: of the traces that begin here, 0 … 1.
    package init(exporter: SpanExporter?, share: Double = 1) {
        self.exporter = exporter
        if exporter != nil { ServiceSpan.isAnyRecorded.store(true, ordering: .relaxed) }
        threshold = exporter == nil ? 0 : UInt64(max(0, min(1, share)) * Double(UInt64(1) << 56))
    }

    package var isRecording: Bool { exporter != nil }

    /// The trace that a request or a message belongs to: that of its header, or a new one.
    package func trace(
        continuing traceparent: String?, state: String? = nil, baggage: String? = nil
    ) -> TraceContext {
        TraceContext(continuing: traceparent, state: state, baggage: baggage, sampled: isSampled)
    }

    private func isSampled(_ id: TraceID) -> Bool { id.low & (UInt64(1) << 56 - 1) < threshold }

    /// A span that begins something in this process; nil where nothing is recorded.
    /// - Parameters:
    ///   - trace: what it is a part of.
    ///   - parent: the span of another process; nil where the trace begins here.
    ///   - elapsed: how long ago it began.
    package func begin(
        _ name: String, ofKind kind: SpanKind, in trace: TraceContext, isRoot: Bool = false,
        elapsed: Duration = .zero
    ) -> ServiceSpan? {
        guard exporter != nil else { return nil }
        // Its caller has found that the trace is worth it.
        if trace.sampling.isSampled, !isSampled(trace.traceId) { release(trace.traceId) }
        var own = trace
        own.spanId = .random()
        let ago = UInt64(max(0, elapsed / .nanoseconds(1)))
        return ServiceSpan(
            name, in: InstrumentationContext.current ?? .topLevel, trace: own,
            parent: isRoot ? nil : trace.spanId, kind: kind, begin: now() - ago, tracer: self)
    }

    /// Nanoseconds since 1970.
    func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    func ended(_ span: ServiceSpan) {
        if span.trace.sampling.isSampled {
            exporter?.add(span)
        } else {
            held.withLock { $0.add(span) }
        }
    }

    /// Exports what is held of a trace.
    func release(_ traceId: TraceID) {
        for span in held.withLock({ $0.take(traceId) }) { exporter?.add(span) }
    }

    // MARK: Tracer

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> ServiceSpan {
        let context = context()
        let known = context.trace
        let trace = known ?? trace(continuing: nil)
        var own = trace
        if exporter != nil { own.spanId = .random() }
        return ServiceSpan(
            operationName, in: context, trace: own, parent: known?.spanId, kind: kind,
            begin: instant().nanosecondsSinceEpoch, tracer: exporter == nil ? nil : self)
    }

    package func activeSpan(identifiedBy context: InstrumentationContext) -> ServiceSpan? { context.span }

    package func forceFlush() {}

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        context.trace = trace(
            continuing: extractor.extract(key: "traceparent", from: carrier),
            state: extractor.extract(key: "tracestate", from: carrier),
            baggage: extractor.extract(key: "baggage", from: carrier))
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.traceparent, forKey: "traceparent", into: &carrier)
        if let state = trace.state { injector.inject(state, forKey: "tracestate", into: &carrier) }
        if let baggage = trace.baggage { injector.inject(baggage, forKey: "baggage", into: &carrier) }
    }
}
