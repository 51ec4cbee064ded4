import CoreMetrics
import Synchronization

/// A number that only grows. Amounts that are negative, zero, infinite or not a number are ignored.
final class PrometheusCounter: Instrument, CounterHandler, FloatingPointCounterHandler {
    static var kind: MetricKind { .counter }

    // Whole amounts are kept apart: adding one is a single instruction, and they stay exact beyond 2^53.
    private let whole = Atomic<UInt64>(0)
    private let fractional = AtomicDouble()

    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        whole.wrappingAdd(UInt64(amount), ordering: .relaxed)
    }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        fractional.add(amount)
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fractional.store(0)
    }

    func write(to page: inout PrometheusPage, name: String, labels: String) {
        let whole = whole.load(ordering: .relaxed)
        let fractional = fractional.value
        let value = fractional == 0 ? String(whole) : PrometheusText.number(Double(whole) + fractional)
        page.sample(name, labels: labels, value: value)
    }
}
