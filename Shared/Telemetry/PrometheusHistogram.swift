import CoreMetrics
import Resilience

/// Counts values by size. Recording takes this histogram's own lock and allocates nothing.
///
/// Values that are infinite or not a number are ignored, since one of them would spoil the sum for ever. A
/// negative duration (a clock that was set back) counts as zero.
final class PrometheusHistogram: Instrument, RecorderHandler, TimerHandler {
    static var kind: MetricKind { .histogram }

    private struct Tally {
        /// One count for each bound, and the last for values above them all. Not cumulative.
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let tally: Locked<Tally>

    /// - Parameter bounds: Inclusive upper bounds, finite and ascending.
    init(bounds: [Double]) {
        self.bounds = bounds
        self.tally = Locked(Tally(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        tally.withLock { tally in
            tally.counts[bucket] += 1
            tally.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) {
        record(Double(max(0, duration)) / 1e9)
    }

    func write(to page: inout PrometheusPage, name: String, labels: String) {
        // Copied element by element: a shared buffer would be copied by the next `record`, an allocation on
        // the hot path.
        let (counts, sum) = tally.withLock { tally in (tally.counts.map { $0 }, tally.sum) }
        let prefix = labels.isEmpty ? "" : labels + ","
        var cumulative: UInt64 = 0
        for (index, count) in counts.enumerated() {
            cumulative += count
            let bound = index < bounds.count ? PrometheusText.number(bounds[index]) : "+Inf"
            page.sample(name + "_bucket", labels: "\(prefix)le=\"\(bound)\"", value: String(cumulative))
        }
        page.sample(name + "_sum", labels: labels, value: PrometheusText.number(sum))
        page.sample(name + "_count", labels: labels, value: String(cumulative))
    }
}
