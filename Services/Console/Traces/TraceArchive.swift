import Contracts
import Dispatch
import Foundation
import Resilience

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The last traces, as the services sent them. A payload is read when a person asks for a trace that is in
/// it: most never are, and reading costs a hundred times what keeping does.
///
/// Two halves of the memory: one for traces that are worth it in any case (an order was degraded or refused),
/// one for all others, so that many ordinary orders don't push out the few that someone will ask for.
final class TraceArchive: Sendable {
    /// The last payloads that fit into `capacity` bytes, each with a zero at its end.
    private struct Ring {
        let capacity: Int
        var payloads: [[UInt8]] = []
        var first = 0
        var bytes = 0

        mutating func add(_ payload: [UInt8]) {
            payloads.append(payload)
            bytes += payload.count
            while bytes > capacity, first < payloads.count {
                bytes -= payloads[first].count
                payloads[first] = []
                first += 1
            }
            if first > 1024, first * 2 > payloads.count {
                payloads.removeFirst(first)
                first = 0
            }
        }
    }

    /// More of one trace are left out.
    static let mostSpans = 1000
    /// Traces of one order.
    static let mostTraces = 20

    private let rings: Locked<(kept: Ring, others: Ring)>
    private let queue = DispatchQueue(label: "traces", qos: .utility)

    /// - Parameter capacity: bytes of all payloads.
    init(capacity: Int) {
        rings = Locked((Ring(capacity: capacity / 2), Ring(capacity: capacity / 2)))
    }

    /// - Throws: `DecodingError` for what isn't an `ExportTraceServiceRequest`.
    func add(_ payload: Data) async throws {
        var bytes = Array(payload)
        // The services' own are whole, and many: those aren't read at once.
        if !OTLPRequest.isOfServices(bytes) {
            try await run { [bytes] in _ = try OTLPRequest(reading: bytes) }
        }
        bytes.append(0)
        rings.withLock { [bytes] rings in
            if bytes.contains(text: "\"csp.kept\"") { rings.kept.add(bytes) } else { rings.others.add(bytes) }
        }
    }

    /// Nil for one that isn't kept.
    func trace(_ id: String) async throws -> Trace? {
        let payloads = payloads
        return try await run { Self.trace(id, in: payloads) }
    }

    /// The traces in which an order was written, the oldest first.
    func traces(ofOrder orderId: String) async throws -> [Trace] {
        let payloads = payloads
        return try await run {
            var ids: [String] = []
            for payload in payloads where payload.contains(text: "\"\(orderId)\"") {
                for span in OTLPRequest.spans(of: payload) where span.orderId == orderId {
                    if !ids.contains(span.traceId) { ids.append(span.traceId) }
                }
            }
            return ids.suffix(Self.mostTraces).compactMap { Self.trace($0, in: payloads) }
                .sorted { $0.startedAt.milliseconds < $1.startedAt.milliseconds }
        }
    }

    private static func trace(_ id: String, in payloads: [[UInt8]]) -> Trace? {
        var spans: [OTLPSpan] = []
        var known: Set<String> = []
        for payload in payloads where payload.contains(text: "\"\(id)\"") {
            for span in OTLPRequest.spans(of: payload) where span.traceId == id {
                if known.insert(span.spanId).inserted { spans.append(span) }
            }
        }
        return Trace(id, spans, most: mostSpans)
    }

    private var payloads: [[UInt8]] {
        rings.withLock { Array($0.kept.payloads[$0.kept.first...] + $0.others.payloads[$0.others.first...]) }
    }

    /// Off the event loop: it serves everything else.
    private func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }
}

extension [UInt8] {
    /// Of bytes that end with a zero: the C library searches those many bytes at a time.
    fileprivate func contains(text: String) -> Bool {
        withUnsafeBytes { bytes in
            guard let base = bytes.assumingMemoryBound(to: CChar.self).baseAddress else { return false }
            return strstr(base, text) != nil
        }
    }
}
