import Contracts

/// The difference between two answers of one process.
struct AnswerSpan: Sendable {
    var first: AnswerHistory.Answer
    var last: AnswerHistory.Answer

    private var seconds: Double { first.at.duration(to: last.at).seconds }

    /// Nil while there is only one answer.
    func perSecond(_ count: (MetricsPage) -> Double?) -> Double? {
        guard seconds > 0 else { return nil }
        return rate(count(first.metrics) ?? 0, count(last.metrics) ?? 0)
    }

    func perSecond(_ name: String, by label: String) -> [String: Double] {
        perSecond(first.metrics.sums(name, by: label), last.metrics.sums(name, by: label))
    }

    /// Rates of counters.
    func perSecond(_ before: [String: Double], _ now: [String: Double]) -> [String: Double] {
        guard seconds > 0 else { return [:] }
        return Dictionary(uniqueKeysWithValues: now.map { ($0.key, rate(before[$0.key] ?? 0, $0.value)) })
    }

    func latency(_ histogram: String, where fits: (MetricsPage.Labels) -> Bool) -> Dashboard.Latency? {
        let buckets = last.metrics.buckets(histogram, where: fits).since(
            first.metrics.buckets(histogram, where: fits))
        guard let p50 = buckets.quantile(0.5), let p99 = buckets.quantile(0.99) else { return nil }
        return Dashboard.Latency(
            p50Milliseconds: (p50 * 1000).rounded(places: 1), p99Milliseconds: (p99 * 1000).rounded(places: 1)
        )
    }

    private func rate(_ before: Double, _ now: Double) -> Double {
        (max(0, now - before) / seconds).rounded(places: 2)
    }
}
