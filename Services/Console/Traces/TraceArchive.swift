import Contracts
import Dispatch
import Foundation
import Resilience
import Telemetry
import Transport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The last traces, as the services sent them. A payload is read when a person asks for a trace that is in
/// it: most never are, and reading costs far more than keeping.
///
/// Two halves of the memory: one for traces that are worth it in any case (an order was degraded or refused),
/// one for all others, so that many ordinary orders don't push out the few that someone will ask for.
final class TraceArchive: Sendable {
    /// The last payloads that fit into `capacity` bytes, each with a zero at its end.
    private struct Ring {
        /// Of each payload, beside its bytes.
        private static let overhead = 64

        let capacity: Int
        var payloads: [[UInt8]] = []
        var first = 0
        var bytes = 0

        mutating func add(_ payload: [UInt8]) {
            payloads.append(payload)
            bytes += payload.count + Self.overhead
            while bytes > capacity, first < payloads.count {
                bytes -= payloads[first].count + Self.overhead
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
    /// Payloads that are decoded for one question: those of a purchase are a dozen.
    private static let mostPayloads = 100
    /// Traces of one order.
    static let mostTraces = 20

    private let rings: Locked<(kept: Ring, others: Ring)>
    private let queue = DispatchQueue(label: "traces", qos: .utility)

    /// - Parameter capacity: bytes of all payloads.
    init(capacity: Int) {
        rings = Locked((Ring(capacity: capacity / 2), Ring(capacity: capacity / 2)))
    }

    /// - Throws: `DecodingError` for what isn't an `ExportTraceServiceRequest`; 503 past the deadline.
    func add(_ payload: Data, before deadline: Deadline) async throws {
        var bytes = Array(payload)
        // The services' own are whole, and many: those aren't read at once.
        let isOurs = OTLPRequest.isOfServices(bytes)
        if !isOurs {
            let isEmpty = try await run(before: deadline) { [bytes] in
                try OTLPRequest(reading: bytes).spans.isEmpty
            }
            if isEmpty { return }
        }
        bytes.append(0)
        let isKept = isOurs && bytes.contains(text: "\"csp.kept\"")
        rings.withLock { [bytes] rings in
            if isKept { rings.kept.add(bytes) } else { rings.others.add(bytes) }
        }
    }

    /// As JSON; nil for one that isn't kept.
    func trace(_ id: String, before deadline: Deadline) async throws -> Data? {
        guard TraceID(id) != nil else { return nil }
        return try await run(before: deadline) { [self] in
            try Self.trace(id, in: payloads).map { try JSON.encode($0) }
        }
    }

    /// The traces in which an order was written, the oldest first, as JSON.
    func traces(ofOrder orderId: String, before deadline: Deadline) async throws -> Data {
        try await run(before: deadline) { [self] in
            try JSON.encode(TraceList(items: Self.traces(ofOrder: orderId, in: payloads)))
        }
    }

    private static func traces(ofOrder orderId: String, in payloads: [[UInt8]]) -> [Trace] {
        // Any other text would be found in every payload.
        guard orderId.wholeMatch(of: /ord_[A-Za-z0-9_-]{1,64}/) != nil else { return [] }
        let spans = payloads.lazy.filter { $0.contains(text: "\"\(orderId)\"") }.prefix(mostPayloads)
            .flatMap { OTLPRequest.spans(of: $0) }
        let ids = Set(spans.filter { $0.orderId == orderId }.map(\.traceId))
        return ids.prefix(mostTraces).compactMap { trace($0, in: payloads) }
            .sorted { $0.startedAt.milliseconds < $1.startedAt.milliseconds }
    }

    private static func trace(_ id: String, in payloads: [[UInt8]]) -> Trace? {
        var spans: [String: OTLPSpan] = [:]
        for payload in payloads.lazy.filter({ $0.contains(text: "\"\(id)\"") }).prefix(mostPayloads) {
            for span in OTLPRequest.spans(of: payload) where span.traceId == id { spans[span.spanId] = span }
        }
        return Trace(id, Array(spans.values), most: mostSpans)
    }

    private var payloads: [[UInt8]] {
        rings.withLock { Array($0.kept.payloads[$0.kept.first...] + $0.others.payloads[$0.others.first...]) }
    }

    /// Off the event loop, which serves everything else.
    private func run<Value: Sendable>(
        before deadline: Deadline, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(
                    with: Result {
                        if deadline.hasPassed() { throw Problem.deadlineExceeded }
                        return try body()
                    })
            }
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

private struct TraceList: Encodable {
    var items: [Trace]
}
