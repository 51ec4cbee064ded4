/// The bookkeeping of a ``Hedge``: how long calls have taken, and so when a second try is due.
struct HedgeState: Sendable {
    var configuration: Hedge.Configuration
    private(set) var latencies = RecentLatencies()

    init(_ configuration: Hedge.Configuration) { self.configuration = configuration }

    mutating func record(_ latency: Duration) { latencies.record(latency) }

    /// How long after the first try the second is due; nil while there are too few samples.
    var delay: Duration? {
        guard latencies.count >= configuration.minimumSamples,
            let usual = latencies.percentile(configuration.percentile)
        else { return nil }
        return max(configuration.minimumDelay, usual)
    }
}
