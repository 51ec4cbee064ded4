import Tracing

/// What sends spans, as OTLP calls it: `service.name` and more.
struct OTLPResource: Sendable {
    private let json: [UInt8]

    init(service: String, attributes: [(key: String, value: String)]) {
        var line = TextBuffer()
        line.append("{\"resource\":{\"attributes\":[")
        line.append(attribute: "service.name", .string(service))
        for (key, value) in attributes {
            line.append(",")
            line.append(attribute: key, .string(value))
        }
        line.append("]},\"scopeSpans\":[{\"scope\":{\"name\":\"critical-serving-path\"},\"spans\":[")
        json = line.bytes
    }

    func begin(_ line: inout TextBuffer) {
        line.append("{\"resourceSpans\":[")
        line.append(bytes: json)
    }

    func end(_ line: inout TextBuffer) { line.append("]}]}]}") }
}

/// Some spans as the JSON form of OTLP's `ExportTraceServiceRequest`: members in camel case, ids in
/// hexadecimal, 64-bit integers as strings, enumerations as numbers (OTLP specification 1.5, "JSON Protobuf
/// Encoding").
struct OTLPPayload: Sendable {
    let bytes: [UInt8]
    /// How many.
    let spans: Int

    static func payloads(of spans: [ServiceSpan], _ resource: OTLPResource, upTo largest: Int)
        -> [OTLPPayload]
    {
        var payloads: [OTLPPayload] = []
        var line = TextBuffer()
        var count = 0
        func finish() {
            resource.end(&line)
            payloads.append(OTLPPayload(bytes: line.bytes, spans: count))
            line = TextBuffer()
            count = 0
        }
        for span in spans {
            if count == 0 { resource.begin(&line) } else { line.append(",") }
            line.append(span)
            count += 1
            if line.bytes.count > largest { finish() }
        }
        if count > 0 { finish() }
        return payloads
    }
}

extension TextBuffer {
    fileprivate mutating func append(_ span: ServiceSpan) {
        let record = span.recorded
        append("{")
        append(span.trace)
        if let parent = span.parent {
            append(",\"parentSpanId\":\"")
            append(hex: parent.number)
            append("\"")
        }
        append(",\"name\":")
        appendQuoted(record.name)
        append(",\"kind\":")
        append(span.kind.number)
        append(",\"startTimeUnixNano\":\"")
        append(span.begin)
        append("\",\"endTimeUnixNano\":\"")
        append(record.end)
        append("\",\"attributes\":[")
        var isFirst = true
        for (key, value) in record.attributes {
            if !isFirst { append(",") }
            append(attribute: key, value)
            isFirst = false
        }
        if span.trace.sampling.isKept {
            if !isFirst { append(",") }
            append(attribute: "csp.kept", .bool(true))
        }
        append("]")
        if !record.events.isEmpty { append(record.events) }
        if !record.links.isEmpty { append(links: record.links) }
        if let status = record.status {
            append(",\"status\":{\"code\":\(status.code == .ok ? 1 : 2)")
            if let message = status.message {
                append(",\"message\":")
                appendQuoted(message)
            }
            append("}")
        }
        append("}")
    }

    private mutating func append(_ trace: TraceContext) {
        append("\"traceId\":\"")
        append(hex: trace.traceId.high)
        append(hex: trace.traceId.low)
        append("\",\"spanId\":\"")
        append(hex: trace.spanId.number)
        append("\"")
    }

    private mutating func append(_ events: [ServiceSpan.Event]) {
        append(",\"events\":[")
        for (index, event) in events.enumerated() {
            append(index == 0 ? "{\"timeUnixNano\":\"" : ",{\"timeUnixNano\":\"")
            append("\(event.at)\",\"name\":")
            appendQuoted(event.name)
            append(",\"attributes\":[")
            var isFirst = true
            event.attributes.forEach { key, value in
                if !isFirst { append(",") }
                append(attribute: key, value)
                isFirst = false
            }
            append("]}")
        }
        append("]")
    }

    private mutating func append(links: [TraceContext]) {
        append(",\"links\":[")
        for (index, link) in links.enumerated() {
            append(index == 0 ? "{" : ",{")
            append(link)
            append("}")
        }
        append("]")
    }

    fileprivate mutating func append(attribute key: String, _ value: SpanAttribute) {
        append("{\"key\":")
        appendQuoted(key)
        append(",\"value\":{")
        switch value {
        case .bool(let flag): append("\"boolValue\":\(flag)")
        case .int32(let number): append("\"intValue\":\"\(number)\"")
        case .int64(let number): append("\"intValue\":\"\(number)\"")
        case .double(let number) where number.isFinite: append("\"doubleValue\":\(number)")
        case .string(let text): append(text: text)
        case .stringConvertible(let value): append(text: "\(value)")
        default: append(text: "\(value)")
        }
        append("}}")
    }

    private mutating func append(text: String) {
        append("\"stringValue\":")
        appendQuoted(text.utf8.count <= ServiceSpan.Limits.text ? text : String(text.prefix(60)) + "…")
    }
}

extension SpanKind {
    /// As OTLP numbers it.
    fileprivate var number: UInt64 {
        switch self {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}
