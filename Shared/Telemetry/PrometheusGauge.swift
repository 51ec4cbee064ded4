import CoreMetrics

/// A number that goes up and down; the last value set is shown. Steps that are infinite or not a number are
/// ignored.
final class PrometheusGauge: Instrument, MeterHandler, RecorderHandler {
    static var kind: MetricKind { .gauge }

    private let current = AtomicDouble()

    func set(_ value: Int64) { current.store(Double(value)) }
    func set(_ value: Double) { current.store(value) }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    func increment(by amount: Double) {
        guard amount.isFinite else { return }
        current.add(amount)
    }

    func decrement(by amount: Double) { increment(by: -amount) }

    func write(to page: inout PrometheusPage, name: String, labels: String) {
        page.sample(name, labels: labels, value: PrometheusText.number(current.value))
    }
}
