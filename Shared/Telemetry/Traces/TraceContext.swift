import Resilience
import Synchronization

/// The W3C trace context of a request or a delivery (`traceparent`, `tracestate`, `baggage`), passed on with
/// every call and every message that it causes. A request without a valid one begins a new trace.
package struct TraceContext: Sendable {
    /// Not zero.
    package var traceId: TraceID
    /// The span that all of this is a part of; not zero.
    package var spanId: SpanID
    /// Whether the trace is recorded: whole, or from the moment on at which it became worth it.
    package let sampling: Sampling
    package var state: String?
    package var baggage: String?
    /// Whether it began elsewhere: a header said so, and could be read.
    package let isContinued: Bool

    /// Longer values come from no known tracer and are dropped.
    static let longestHeader = 1024

    /// - Parameter sampled: decides for a trace whose header doesn't.
    package init(
        continuing traceparent: String?, state: String? = nil, baggage: String? = nil,
        sampled: (TraceID) -> Bool = { _ in false }
    ) {
        func capped(_ value: String?) -> String? {
            value.flatMap { $0.utf8.count <= Self.longestHeader ? $0 : nil }
        }
        self.baggage = capped(baggage)
        if let traceparent = capped(traceparent), let parsed = Self.parse(traceparent) {
            traceId = parsed.traceId
            spanId = parsed.spanId
            sampling = Sampling(parsed.isSampled || sampled(traceId))
            self.state = capped(state)
            isContinued = true
        } else {
            traceId = .random()
            spanId = .random()
            sampling = Sampling(sampled(traceId))
            self.state = nil
            isContinued = false
        }
    }

    /// The header for what this causes: the same trace, from this span on. Where no span was recorded, that
    /// is the caller's.
    package var traceparent: String { "00-\(traceId)-\(spanId)-\(sampling.isSampled ? "01" : "00")" }

    private static func parse(_ header: String) -> (traceId: TraceID, spanId: SpanID, isSampled: Bool)? {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].utf8.count == 2, parts[0] != "ff",
            parts[0] != "00" || parts.count == 4, UInt64(lowerCaseHex: parts[0]) != nil,
            let traceId = TraceID(parts[1]), let spanId = SpanID(parts[2]), parts[3].utf8.count == 2,
            let flags = UInt64(lowerCaseHex: parts[3])
        else { return nil }
        return (traceId, spanId, flags & 1 == 1)
    }
}

/// Whether a trace is recorded, as this process knows it: shared by all of its spans here.
package final class Sampling: Sendable {
    private struct State {
        var isSampled: Bool
        var isKept = false
    }

    private let state: Locked<State>

    init(_ isSampled: Bool) { state = Locked(State(isSampled: isSampled)) }

    package var isSampled: Bool { state.withLock { $0.isSampled } }
    /// Whether something happened in it that is always worth a trace.
    var isKept: Bool { state.withLock { $0.isKept } }

    /// - Returns: whether it wasn't recorded before.
    func keep() -> Bool {
        state.withLock { state in
            defer { state = State(isSampled: true, isKept: true) }
            return !state.isSampled
        }
    }
}

/// 16 bytes, written as 32 lower-case hexadecimal digits.
package struct TraceID: Sendable, Hashable, CustomStringConvertible {
    let high: UInt64
    let low: UInt64

    static func random() -> TraceID { TraceID(high: Identifiers.next(), low: Identifiers.next()) }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 32, let high = UInt64(lowerCaseHex: text.prefix(16)),
            let low = UInt64(lowerCaseHex: text.suffix(16)), high | low != 0
        else { return nil }
        self.init(high: high, low: low)
    }

    package var description: String { high.lowerCaseHex + low.lowerCaseHex }
}

/// 8 bytes, written as 16 lower-case hexadecimal digits.
package struct SpanID: Sendable, Hashable, CustomStringConvertible {
    let number: UInt64

    static func random() -> SpanID { SpanID(number: Identifiers.next()) }

    private init(number: UInt64) { self.number = number }

    init?(_ text: some StringProtocol) {
        guard text.utf8.count == 16, let number = UInt64(lowerCaseHex: text), number != 0 else { return nil }
        self.number = number
    }

    package var description: String { number.lowerCaseHex }
}

/// Numbers that are not zero and that no other process will draw: SplitMix64 from a random beginning. The
/// system's own generator is a system call a number.
private enum Identifiers {
    private static let state = Atomic(UInt64.random(in: .min ... .max))

    static func next() -> UInt64 {
        var mixed = state.wrappingAdd(0x9e37_79b9_7f4a_7c15, ordering: .relaxed).newValue
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        mixed ^= mixed >> 31
        return mixed == 0 ? 1 : mixed
    }
}

extension UInt64 {
    fileprivate init?(lowerCaseHex text: some StringProtocol) {
        var number: UInt64 = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        self = number
    }

    fileprivate var lowerCaseHex: String {
        String(unsafeUninitializedCapacity: 16) { digits in
            for index in 0..<16 { digits[index] = hexDigit(index) }
            return 16
        }
    }
}
