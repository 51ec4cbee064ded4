package import CoreMetrics
import Dispatch
package import Resilience

/// Sends finished spans to a collector, as OTLP over HTTP in JSON: in batches, beside all other work, and
/// bounded. A collector that is dead, slow or wrong costs spans, which are counted, and nothing else.
package final class SpanExporter: Sendable {
    /// What the collector said of a batch.
    package enum Answer: Sendable {
        case accepted
        /// It may take the batch later, not before `after`.
        case later(after: Duration?)
        /// It never will.
        case refused
    }

    /// Posts one `ExportTraceServiceRequest`.
    package typealias Send = @Sendable (_ payload: [UInt8]) async -> Answer

    /// Spans that wait; what comes beyond that is dropped.
    package static let capacity = 8192
    /// Spans of one request. Bounded by bytes as well: a collector may refuse a longer body.
    static let largestBatch = 512
    static let largestPayload = 192 * 1024
    private static let interval: Duration = .milliseconds(500)
    private static let tries = 3
    private static let backoff = Backoff(base: .seconds(1), cap: .seconds(30), floor: .milliseconds(500))

    /// Spans of traces that are worth it in any case go in batches of their own: a collector with little room
    /// can keep those longer.
    private struct Waiting {
        var kept: [ServiceSpan] = []
        var others: [ServiceSpan] = []

        mutating func next(_ most: Int) -> [ServiceSpan] {
            kept.isEmpty ? Self.take(most, of: &others) : Self.take(most, of: &kept)
        }

        private static func take(_ most: Int, of spans: inout [ServiceSpan]) -> [ServiceSpan] {
            let batch = Array(spans.prefix(most))
            spans.removeFirst(batch.count)
            return batch
        }
    }

    private let resource: OTLPResource
    private let send: Send
    private let time: TimeSource
    private let waiting = Locked(Waiting())
    /// Writing JSON is work that no request should wait for.
    private let queue = DispatchQueue(label: "spans", qos: .utility)
    private let exported: any CounterHandler
    private let dropped: [Drop: any CounterHandler]

    /// Why spans were dropped.
    private enum Drop: String, CaseIterable {
        /// More came than could be sent.
        case full
        /// The collector did not answer, again and again.
        case unreachable
        case refused
    }

    /// - Parameter metrics: gets `csp_spans_exported_total` and `csp_spans_dropped_total{reason}`.
    package init(
        service: String, attributes: [(key: String, value: String)] = [], time: TimeSource = .system,
        metrics: any MetricsFactory = MetricsSystem.factory, send: @escaping Send
    ) {
        resource = OTLPResource(service: service, attributes: attributes)
        self.send = send
        self.time = time
        exported = metrics.makeCounter(label: "csp_spans_exported_total", dimensions: [])
        dropped = Dictionary(
            uniqueKeysWithValues: Drop.allCases.map { reason in
                let labels = [("reason", reason.rawValue)]
                return (reason, metrics.makeCounter(label: "csp_spans_dropped_total", dimensions: labels))
            })
    }

    /// Never waits.
    func add(_ span: ServiceSpan) {
        let isFull = waiting.withLock { waiting in
            guard waiting.kept.count + waiting.others.count < Self.capacity else { return true }
            if span.trace.sampling.isKept { waiting.kept.append(span) } else { waiting.others.append(span) }
            return false
        }
        if isFull { dropped[.full]?.increment(by: 1) }
    }

    /// Sends until the task is cancelled; what waits then gets one more try.
    package func run() async {
        while (try? await time.sleep(Self.interval)) != nil {
            while !Task.isCancelled, await exportNext(tries: Self.tries) {}
        }
        await Task { _ = await exportNext(tries: 1) }.value
    }

    /// One batch.
    /// - Returns: whether there may be more.
    package func exportNext(tries: Int) async -> Bool {
        let spans = waiting.withLock { $0.next(Self.largestBatch) }
        guard !spans.isEmpty else { return false }
        for payload in await encode(spans) { await export(payload, tries: tries) }
        return true
    }

    private func encode(_ spans: [ServiceSpan]) async -> [OTLPPayload] {
        await withCheckedContinuation { continuation in
            queue.async { [resource] in
                continuation.resume(
                    returning: OTLPPayload.payloads(of: spans, resource, upTo: Self.largestPayload))
            }
        }
    }

    private func export(_ payload: OTLPPayload, tries: Int) async {
        for attempt in 1...tries {
            switch await send(payload.bytes) {
            case .accepted: return exported.increment(by: Int64(payload.spans))
            case .refused: return drop(payload, .refused)
            case .later(let after):
                var random = SystemRandomNumberGenerator()
                let wait = max(Self.backoff.delay(afterFailures: attempt, using: &random), after ?? .zero)
                guard attempt < tries, (try? await time.sleep(min(wait, Self.backoff.cap))) != nil else {
                    return drop(payload, .unreachable)
                }
            }
        }
    }

    private func drop(_ payload: OTLPPayload, _ reason: Drop) {
        dropped[reason]?.increment(by: Int64(payload.spans))
    }
}
