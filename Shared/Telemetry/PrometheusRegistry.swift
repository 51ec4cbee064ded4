package import CoreMetrics
import Resilience

/// The metrics of one process, kept in memory and written out as a Prometheus page (text format 0.0.4).
///
/// Counters become counters; meters and non-aggregating recorders, gauges; aggregating recorders and timers,
/// histograms. A timer records seconds, so its name has to end in `_seconds`.
///
/// Names are used as given; characters that Prometheus forbids turn into `_`. A name and a set of labels are
/// one series, and asking for it again gives the same instrument. If a metric of another kind has the name
/// already, the new one gets its kind as a suffix (`name_gauge`), so that the page stays valid and no sample
/// is lost.
///
/// Asking costs a lock and a string; keep the instrument where it is used often. Recording takes no
/// registry-wide lock.
package final class PrometheusRegistry: MetricsFactory, Sendable {
    /// Upper bounds in seconds that suit request latencies: Prometheus' own, and two below them, since a call
    /// on one machine takes a few milliseconds.
    package static let secondsBuckets = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]
    /// The media type of ``exposition()``.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private struct State {
        var families: [String: MetricFamily] = [:]
        var help: [String: String] = [:]
    }

    private let state = Locked(State())
    private let buckets: [Double]
    private let maximumSeriesPerMetric: Int

    /// - Parameters:
    ///   - buckets: Upper bounds (inclusive) of every histogram, in the unit recorded, which is seconds for
    ///     timers. In any order; the `+Inf` bucket is always added.
    ///   - maximumSeriesPerMetric: Beyond this, new label sets of one name share a series whose label values
    ///     are all `other`. It bounds the cost of hostile label values; label names must come from code, not
    ///     from data.
    package init(buckets: [Double] = PrometheusRegistry.secondsBuckets, maximumSeriesPerMetric: Int = 500) {
        self.buckets = Set(buckets.filter(\.isFinite)).sorted()
        self.maximumSeriesPerMetric = maximumSeriesPerMetric
    }

    /// Sets the `# HELP` text of a metric, before or after its first use. Without samples it isn't shown.
    package func describe(_ name: String, help: String) {
        state.withLock { $0.help[PrometheusText.metricName(name)] = help }
    }

    /// The page: metrics sorted by name, series by labels, then the process metrics (Linux only).
    ///
    /// Each series is read at its own time; a histogram's buckets, sum and count agree with each other.
    package func exposition() -> String {
        let (families, help) = state.withLock { ($0.families, $0.help) }
        var page = PrometheusPage()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            page.begin(name, kind: family.kind, help: help[name])
            family.write(to: &page, name: name)
        }
        ProcessMetrics.current()?.write(to: &page)
        return page.text
    }

    private func instrument<I: Instrument>(_ label: String, _ dimensions: [(String, String)], make: () -> I)
        -> I
    {
        var name = PrometheusText.metricName(label)
        return state.withLock { state in
            while let taken = state.families[name]?.kind, taken != I.kind {
                name += "_\(I.kind.rawValue)"
            }
            return state.families[name, default: MetricFamily(kind: I.kind)]
                .instrument(for: dimensions, limit: maximumSeriesPerMetric, make: make)
        }
    }

    private func remove(_ handler: AnyObject) {
        let identity = ObjectIdentifier(handler)
        state.withLock { state in
            state.families = state.families.mapValues { $0.without(identity) }.filter { !$0.value.isEmpty }
        }
    }
}

extension PrometheusRegistry {
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        instrument(label, dimensions) { PrometheusCounter() }
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        instrument(label, dimensions) { PrometheusCounter() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        instrument(label, dimensions) { PrometheusGauge() }
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool)
        -> any RecorderHandler
    {
        if aggregate {
            instrument(label, dimensions) { PrometheusHistogram(bounds: buckets) }
        } else {
            instrument(label, dimensions) { PrometheusGauge() }
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        instrument(label, dimensions) { PrometheusHistogram(bounds: buckets) }
    }

    // Destroying removes the series from the page for all its holders.
    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}
