/// What a load run has found, for people and for programs.
struct LoadReport: Encodable {
    struct Latency: Encodable {
        var p50: Double
        var p90: Double
        var p99: Double
        var max: Double
    }

    /// Every basket ended as the contract says.
    var ok: Bool
    var rate: Double
    /// Of random baskets; nil for a replay.
    var seed: UInt64?
    var sent: Int
    var confirmed: Int
    var refused: [String: Int]
    var cancelled: Int
    var unresolved: Int
    var unexpected: Int
    /// The first ten of both, with their idempotency keys.
    var failures: [String]
    var degraded: [String: Int]
    var retries: Int
    var delayed: Int
    var ordersPerSecond: Double
    var durationSeconds: Double
    /// From the intended send time; nil when nothing was answered.
    var latencyMilliseconds: Latency?

    init(_ counts: Tally.Counts, rate: Double, seed: UInt64?, duration: Duration) {
        ok = counts.unresolved.isEmpty && counts.unexpected.isEmpty
        self.rate = rate
        self.seed = seed
        sent = counts.sent
        confirmed = counts.confirmed
        refused = counts.refused
        cancelled = counts.cancelled
        unresolved = counts.unresolved.count
        unexpected = counts.unexpected.count
        failures = Array((counts.unexpected + counts.unresolved).prefix(10))
        degraded = counts.degraded
        retries = counts.retries
        delayed = counts.delayed
        durationSeconds = duration.seconds.rounded(places: 3)
        ordersPerSecond = (Double(counts.sent) / max(duration.seconds, 0.001)).rounded(places: 1)
        let percentiles = Percentiles(counts.latencies)
        func milliseconds(_ percent: Double) -> Double { (percentiles.value(percent)?.milliseconds ?? 0).rounded(places: 1) }
        latencyMilliseconds =
            counts.latencies.isEmpty
            ? nil : Latency(p50: milliseconds(50), p90: milliseconds(90), p99: milliseconds(99), max: milliseconds(100))
    }

    var text: String {
        var rows = [("sent", "\(sent) in \(durationSeconds.rounded(places: 1)) s, \(ordersPerSecond) orders/s")]
        rows.append(("confirmed", Terminal.coloured("\(confirmed)", .green)))
        for (code, count) in refused.sorted(by: { $0.key < $1.key }) { rows.append(("refused", "\(count) \(code)")) }
        if cancelled > 0 { rows.append(("cancelled", "\(cancelled)")) }
        if unresolved > 0 { rows.append(("unresolved", Terminal.coloured("\(unresolved)", .red))) }
        if unexpected > 0 { rows.append(("unexpected", Terminal.coloured("\(unexpected)", .red))) }
        for (effect, count) in degraded.sorted(by: { $0.key < $1.key }) { rows.append(("degraded", "\(count) \(effect)")) }
        rows.append(("retries", "\(retries)"))
        if delayed > 0 { rows.append(("delayed", "\(delayed) for want of room (\(OpenLoop.inFlightLimit) under way at once)")) }
        if let latency = latencyMilliseconds {
            rows.append(
                ("latency", "p50 \(latency.p50) ms, p90 \(latency.p90) ms, p99 \(latency.p99) ms, max \(latency.max) ms"))
        }
        if let seed { rows.append(("seed", "\(seed)")) }
        return rows.map { "\(Terminal.column($0.0, 12))\($0.1)" }.joined(separator: "\n")
    }
}
