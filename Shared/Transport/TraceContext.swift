/// The W3C trace context of the request being served (`traceparent`, `tracestate`, `baggage`), passed on with
/// every call that it causes. A request without a valid one begins a new trace.
package struct TraceContext: Sendable, Hashable {
    /// 32 lower-case hexadecimal digits, not all zero.
    package var traceId: String
    /// 16 lower-case hexadecimal digits: the caller's span.
    package var parentId: String
    package var flags: String
    package var state: String?
    package var baggage: String?

    @TaskLocal package static var current: TraceContext?

    /// Longer values come from no known tracer and are dropped.
    static let longestHeader = 1024

    package static func continuing(traceparent: String?, state: String?, baggage: String?) -> TraceContext {
        func capped(_ value: String?) -> String? {
            value.flatMap { $0.utf8.count <= longestHeader ? $0 : nil }
        }
        guard let traceparent = capped(traceparent), let parsed = parse(traceparent) else {
            return TraceContext(
                traceId: hex(digits: 32), parentId: hex(digits: 16), flags: "01", state: nil,
                baggage: capped(baggage))
        }
        return TraceContext(
            traceId: parsed.traceId, parentId: parsed.parentId, flags: parsed.flags, state: capped(state),
            baggage: capped(baggage))
    }

    /// The header for a call that this request makes: the same trace, a span of its own.
    package var childHeader: String { "00-\(traceId)-\(Self.hex(digits: 16))-\(flags)" }

    private static func parse(_ header: String) -> (traceId: String, parentId: String, flags: String)? {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].utf8.count == 2, parts[0] != "ff",
            parts[0] != "00" || parts.count == 4,
            isHex(parts[0], digits: 2), isHex(parts[1], digits: 32), isHex(parts[2], digits: 16),
            isHex(parts[3], digits: 2),
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        return (String(parts[1]), String(parts[2]), String(parts[3]))
    }

    private static func isHex(_ text: Substring, digits: Int) -> Bool {
        text.utf8.count == digits
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    private static func hex(digits: Int) -> String {
        let alphabet = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: digits) { buffer in
            var word: UInt64 = 0
            for index in 0..<digits {
                if index % 16 == 0 { word = .random(in: 1...UInt64.max) }
                buffer[index] = alphabet[Int(word & 15)]
                word >>= 4
            }
            return digits
        }
    }
}
