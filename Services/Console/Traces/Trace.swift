import Contracts

/// A trace as the page reads it: times are milliseconds from its beginning.
struct Trace: Encodable {
    struct Span: Encodable {
        var spanId: String
        @Nullable var parentSpanId: String?
        var service: String
        var name: String
        var kind: String
        var startMilliseconds: Double
        var durationMilliseconds: Double
        /// `unset`, `ok` or `error`.
        var status: String
        @Nullable var statusMessage: String?
        var attributes: [String: TraceValue]
        var events: [Event]
        var links: [Link]
    }

    struct Event: Encodable {
        var name: String
        var atMilliseconds: Double
        var attributes: [String: TraceValue]
    }

    struct Link: Encodable {
        var traceId: String
        var spanId: String
    }

    var traceId: String
    /// Of the orders that were written in it.
    var orderIds: [String]
    var startedAt: Timestamp
    var durationMilliseconds: Double
    /// Spans beyond those that are shown.
    var droppedSpans: Int
    /// In the order of their beginnings.
    var spans: [Span]

    /// Nil without a span.
    init?(_ id: String, _ all: [OTLPSpan], most: Int) {
        let sorted = all.sorted { $0.startTimeUnixNano.value < $1.startTimeUnixNano.value }
        guard let start = sorted.first?.startTimeUnixNano.value else { return nil }
        let end = sorted.map(\.endTimeUnixNano.value).max() ?? start
        traceId = id
        var known: Set<String> = []
        orderIds = sorted.compactMap(\.orderId).filter { known.insert($0).inserted }
        startedAt = Timestamp(milliseconds: start / 1_000_000)
        durationMilliseconds = Self.milliseconds(end, since: start)
        droppedSpans = max(0, sorted.count - most)
        // What came last says how it ended.
        spans = (sorted.prefix(most / 2) + sorted.dropFirst(most / 2).suffix(most - most / 2))
            .map { Span($0, since: start) }
    }

    static func milliseconds(_ instant: Int64, since start: Int64) -> Double {
        (Double(instant.subtractingReportingOverflow(start).partialValue) / 1000).rounded() / 1000
    }
}

extension Trace.Span {
    private static let kinds = ["internal", "internal", "server", "client", "producer", "consumer"]
    private static let states = ["unset", "ok", "error"]

    fileprivate init(_ span: OTLPSpan, since start: Int64) {
        spanId = span.spanId
        parentSpanId = span.parentSpanId.flatMap { $0.isEmpty ? nil : $0 }
        service = span.service
        name = span.name
        let kind = span.kind ?? 0
        self.kind = Self.kinds.indices.contains(kind) ? Self.kinds[kind] : Self.kinds[0]
        startMilliseconds = Trace.milliseconds(span.startTimeUnixNano.value, since: start)
        durationMilliseconds = Trace.milliseconds(
            span.endTimeUnixNano.value, since: span.startTimeUnixNano.value)
        let code = span.status?.code ?? 0
        status = Self.states.indices.contains(code) ? Self.states[code] : Self.states[0]
        statusMessage = span.status?.message
        attributes = .init(span.attributes)
        events = (span.events ?? []).map {
            Trace.Event(
                name: $0.name ?? "",
                atMilliseconds: Trace.milliseconds($0.timeUnixNano?.value ?? start, since: start),
                attributes: .init($0.attributes))
        }
        links = (span.links ?? []).map { Trace.Link(traceId: $0.traceId, spanId: $0.spanId) }
    }
}

extension [String: TraceValue] {
    fileprivate init(_ attributes: [OTLPAttribute]?) {
        self.init((attributes ?? []).map { ($0.key, $0.value) }) { _, last in last }
    }
}
