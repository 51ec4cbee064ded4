import Contracts

extension DrillExperiment.Figures {
    init(_ samples: some Collection<Sample>) {
        self.init()
        for sample in samples {
            answers[sample.answer, default: 0] += 1
            switch sample.outcome {
            case .confirmed: outcomes.confirmed += 1
            case .accepted: outcomes.accepted += 1
            case .refused, .turnedAway: outcomes.refused += 1
            case .failed: outcomes.failed += 1
            }
        }
        latency = DrillExperiment.Latency(samples)
    }
}

extension DrillExperiment.Latency {
    /// Nil for no samples.
    init?(_ samples: some Collection<Sample>) {
        let percentiles = Percentiles(samples.map { .microseconds(Int64($0.latency * 1000)) })
        guard !samples.isEmpty else { return nil }
        func value(_ percent: Double) -> Double {
            (percentiles.value(percent)?.milliseconds ?? 0).rounded(places: 1)
        }
        self.init(p50: value(50), p90: value(90), p99: value(99), max: value(100))
    }
}

extension DrillExperiment.Second {
    /// Every second from the first sample's to the last's, empty ones included.
    static func timeline(_ samples: [Sample]) -> [Self] {
        guard let last = samples.map(\.at).max() else { return [] }
        let bySecond = Dictionary(grouping: samples) { Int($0.at) }
        return (0...Int(last)).map { second in
            let samples = bySecond[second] ?? []
            return Self(
                second: second, figures: .init(samples), degraded: samples.count { !$0.degradations.isEmpty })
        }
    }
}

extension [Sample] {
    /// The samples whose scheduled time is within the span.
    func sent(in span: DrillExperiment.Span) -> [Sample] {
        filter { span.begin <= $0.at && $0.at < span.end }
    }

    func sent(in spans: [DrillExperiment.Span]) -> [Sample] { spans.flatMap(sent) }
}
