package import Instrumentation
import Resilience
package import Tracing

/// A span of this process: what it did, from when until when, and as a part of what. Bounded: of more
/// attributes, events and links than ``Limits`` says, the last ones are left out.
package final class ServiceSpan: Tracing.Span {
    enum Limits {
        static let attributes = 32
        static let events = 32
        static let links = 8
        /// Bytes of an attribute's text.
        static let text = 256
    }

    struct Event {
        let name: String
        let at: UInt64
        let attributes: SpanAttributes
    }

    struct Record {
        var name: String
        var attributes: [(key: String, value: SpanAttribute)] = []
        var events: [Event] = []
        var links: [TraceContext] = []
        var status: SpanStatus?
        /// Nanoseconds since 1970; 0 until it has ended.
        var end: UInt64 = 0
    }

    package let trace: TraceContext
    let parent: SpanID?
    let kind: SpanKind
    /// Nanoseconds since 1970.
    let begin: UInt64
    /// Where it was begun.
    private let outer: InstrumentationContext
    /// Nil: nothing is recorded.
    private let tracer: ServiceTracer?
    private let record: Locked<Record>

    init(
        _ name: String, in context: InstrumentationContext, trace: TraceContext, parent: SpanID?,
        kind: SpanKind, begin: UInt64, tracer: ServiceTracer?
    ) {
        self.trace = trace
        self.parent = parent
        self.kind = kind
        self.begin = begin
        self.tracer = tracer
        record = Locked(Record(name: name))
        outer = context
    }

    var recorded: Record { record.withLock { $0 } }

    /// A span that is a part of this one.
    package func child(_ name: String, ofKind kind: SpanKind) -> ServiceSpan {
        guard let tracer else { return self }
        var trace = trace
        trace.spanId = .random()
        return ServiceSpan(
            name, in: outer, trace: trace, parent: self.trace.spanId, kind: kind,
            begin: tracer.now(), tracer: tracer)
    }

    /// For what is a part of this span.
    package var context: InstrumentationContext {
        var context = outer
        if tracer == nil { context.trace = trace } else { context.span = self }
        return context
    }

    package func set(_ key: String, _ value: SpanAttribute) {
        change { $0.set(key, value) }
    }

    package func add(_ event: String, _ attributes: SpanAttributes = [:]) {
        guard let tracer else { return }
        let now = tracer.now()
        change { record in
            guard record.events.count < Limits.events else { return }
            record.events.append(Event(name: event, at: now, attributes: attributes))
        }
    }

    /// It could not do what it was for.
    /// - Parameter type: one of a few words, by which failures are counted.
    package func fail(_ type: String) {
        change { record in
            record.set("error.type", .string(type))
            record.status = SpanStatus(code: .error, message: type)
        }
    }

    /// What caused this span from another one's place.
    package func link(to trace: TraceContext) {
        change { record in
            if record.links.count < Limits.links { record.links.append(trace) }
        }
    }

    /// Has the whole trace recorded, whatever share of traces is: something in it is always worth it.
    package func keep() {
        guard let tracer, trace.sampling.keep() else { return }
        tracer.release(trace.traceId)
    }

    private func change(_ body: (inout Record) -> Void) {
        guard tracer != nil else { return }
        record.withLock { record in
            if record.end == 0 { body(&record) }
        }
    }

    // MARK: Tracing.Span

    package var operationName: String {
        get { recorded.name }
        set { change { $0.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get {
            SpanAttributes(Dictionary(recorded.attributes.map { ($0.key, $0.value) }) { _, last in last })
        }
        set {
            change { record in
                record.attributes = []
                newValue.forEach { record.set($0, $1) }
            }
        }
    }

    package var isRecording: Bool { tracer != nil && recorded.end == 0 }

    package func setStatus(_ status: SpanStatus) { change { $0.status = status } }

    package func addEvent(_ event: SpanEvent) {
        change { record in
            guard record.events.count < Limits.events else { return }
            record.events.append(
                Event(name: event.name, at: event.nanosecondsSinceEpoch, attributes: event.attributes))
        }
    }

    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = String(reflecting: type(of: error))
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    package func addLink(_ link: SpanLink) {
        if let trace = link.context.trace { self.link(to: trace) }
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        end(at: instant().nanosecondsSinceEpoch)
    }

    /// Later changes are lost.
    package func end() {
        guard let tracer else { return }
        end(at: tracer.now())
    }

    private func end(at instant: UInt64) {
        guard let tracer else { return }
        let isFirst = record.withLock { record in
            guard record.end == 0 else { return false }
            record.end = max(begin, instant, 1)
            return true
        }
        if isFirst { tracer.ended(self) }
    }
}

extension ServiceSpan.Record {
    fileprivate mutating func set(_ key: String, _ value: SpanAttribute) {
        if let index = attributes.firstIndex(where: { $0.key == key }) {
            attributes[index].value = value
        } else if attributes.count < ServiceSpan.Limits.attributes {
            attributes.append((key, value))
        }
    }
}
