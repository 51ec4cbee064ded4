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

    /// Spans of traces that are worth it in any case go first, and in batches of their own: a collector with
    /// little room can keep those longer.
    private struct Waiting {
        private var kept: [ServiceSpan] = []
        private var others: [ServiceSpan] = []

        /// - Returns: whether a span was dropped: this one, or an ordinary one in its place.
        mutating func add(_ span: ServiceSpan) -> Bool {
            let isFull = kept.count + others.count >= SpanExporter.capacity
            if span.trace.sampling.isKept {
                if isFull, others.popLast() == nil { return true }
                kept.append(span)
            } else if !isFull {
                others.append(span)
            }
            return isFull
        }

        mutating func next(_ most: Int) -> [ServiceSpan] {
            // A trace may have been found worth it since the span came.
            let first = Self.take(most, of: &others)
            kept += first.filter(\.trace.sampling.isKept)
            let ordinary = first.filter { !$0.trace.sampling.isKept }
            if kept.isEmpty { return ordinary }
            others.insert(contentsOf: ordinary, at: 0)
            return Self.take(most, of: &kept)
        }

        mutating func takeAll() -> Int {
            defer { self = Waiting() }
            return kept.count + others.count
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
        if waiting.withLock({ $0.add(span) }) { dropped[.full]?.increment(by: 1) }
    }

    /// Sends until the task is cancelled, and then what waits, as long as the collector takes it.
    package func run() async {
        while (try? await time.sleep(Self.interval)) != nil {
            while !Task.isCancelled, await exportNext(tries: Self.tries) {}
        }
        while await exportNext(tries: 1) {}
        dropped[.unreachable]?.increment(by: Int64(waiting.withLock { $0.takeAll() }))
    }

    /// One batch.
    /// - Returns: whether the collector took it; false also where nothing waits.
    package func exportNext(tries: Int) async -> Bool {
        let spans = waiting.withLock { $0.next(Self.largestBatch) }
        var isTaken = !spans.isEmpty
        for payload in await encode(spans) where await !export(payload, tries: tries) { isTaken = false }
        return isTaken
    }

    private func encode(_ spans: [ServiceSpan]) async -> [OTLPPayload] {
        await withCheckedContinuation { continuation in
            queue.async { [resource] in
                continuation.resume(
                    returning: OTLPPayload.payloads(of: spans, resource, upTo: Self.largestPayload))
            }
        }
    }

    private func export(_ payload: OTLPPayload, tries: Int) async -> Bool {
        for attempt in 1...tries {
            // What is on its way when the process stops is still sent.
            switch await Task(operation: { await send(payload.bytes) }).value {
            case .accepted:
                exported.increment(by: Int64(payload.spans))
                return true
            case .refused:
                drop(payload, .refused)
                return false
            case .later(let after):
                var random = SystemRandomNumberGenerator()
                let wait = max(Self.backoff.delay(afterFailures: attempt, using: &random), after ?? .zero)
                guard attempt < tries, (try? await time.sleep(min(wait, Self.backoff.cap))) != nil else {
                    drop(payload, .unreachable)
                    return false
                }
            }
        }
        return false
    }

    private func drop(_ payload: OTLPPayload, _ reason: Drop) {
        dropped[reason]?.increment(by: Int64(payload.spans))
    }
}
