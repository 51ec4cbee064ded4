import Contracts

/// The result of a load, as text and as JSON.
struct LoadReport: Encodable {
    struct Latency: Encodable {
        var p50: Double
        var p90: Double
        var p99: Double
        var max: Double
    }

    /// The share of the requested rate that counts as reached.
    private static let near = 0.98

    /// Every basket with a known end ended as the contract says, and the load was not interrupted.
    var ok: Bool
    /// Ended by Ctrl-C; the figures are those up to then.
    var interrupted: Bool
    /// Orders a second that were asked for.
    var rate: Double
    /// Orders a second that were sent, while sending lasted.
    var ordersPerSecond: Double
    /// Within 2 % of what was asked for.
    var rateReached: Bool
    /// Seed of the random baskets; nil for a replay.
    var seed: UInt64?
    var sent: Int
    var confirmed: Int
    var refused: [String: Int]
    var cancelled: Int
    var unresolved: Int
    var unexpected: Int
    /// Accepted, but not followed to a terminal status: too many were followed at once, or the load was
    /// interrupted.
    var unfollowed: Int
    /// Sent and still without a decision when the load was interrupted.
    var unanswered: Int
    /// The first ten of both, with their idempotency keys.
    var failures: [String]
    var degraded: [String: Int]
    var retries: Int
    var delayed: Int
    var sendingSeconds: Double
    /// Sending, and following what was accepted.
    var durationSeconds: Double
    /// From the intended send time; nil when nothing was answered.
    var latencyMilliseconds: Latency?

    init(_ counts: Tally.Counts, rate: Double, seed: UInt64?, duration: Duration, interrupted: Bool = false) {
        ok = counts.unresolved.isEmpty && counts.unexpected.isEmpty && !interrupted
        self.interrupted = interrupted
        self.rate = rate
        // Each order has the interval after it.
        let sending = counts.lastSent.seconds + 1 / rate
        sendingSeconds = sending.rounded(places: 3)
        let reached = Double(counts.sent) / sending
        ordersPerSecond = reached.rounded(places: 1)
        rateReached = reached >= Self.near * rate
        self.seed = seed
        sent = counts.sent
        confirmed = counts.confirmed
        refused = counts.refused
        cancelled = counts.cancelled
        unresolved = counts.unresolved.count
        unexpected = counts.unexpected.count
        unfollowed = counts.unfollowed
        unanswered = counts.unanswered
        failures = Array((counts.unexpected + counts.unresolved).prefix(10))
        degraded = counts.degraded
        retries = counts.retries
        delayed = counts.delayed
        durationSeconds = duration.seconds.rounded(places: 3)
        let percentiles = Percentiles(counts.latencies)
        func milliseconds(_ percent: Double) -> Double {
            (percentiles.value(percent)?.milliseconds ?? 0).rounded(places: 1)
        }
        latencyMilliseconds =
            counts.latencies.isEmpty
            ? nil
            : Latency(
                p50: milliseconds(50), p90: milliseconds(90), p99: milliseconds(99), max: milliseconds(100))
    }

    var text: String {
        let asked =
            "\(ordersPerSecond.formattedWithoutZeros) orders/s of \(rate.formattedWithoutZeros) asked for"
        var rows = [("sent", "\(sent) in \(sendingSeconds.rounded(places: 1)) s")]
        rows.append(("rate", rateReached ? asked : Terminal.coloured("\(asked): not reached", .yellow)))
        rows.append(("confirmed", Terminal.coloured("\(confirmed)", .green)))
        for (code, count) in refused.sorted(by: { $0.key < $1.key }) {
            rows.append(("refused", "\(count) \(code)"))
        }
        if cancelled > 0 { rows.append(("cancelled", "\(cancelled)")) }
        if unresolved > 0 { rows.append(("unresolved", Terminal.coloured("\(unresolved)", .red))) }
        if unexpected > 0 { rows.append(("unexpected", Terminal.coloured("\(unexpected)", .red))) }
        if unfollowed > 0 {
            rows.append(("unfollowed", "\(unfollowed) accepted; csp audit tells how they ended"))
        }
        if unanswered > 0 { rows.append(("unanswered", "\(unanswered) when it was interrupted")) }
        for (effect, count) in degraded.sorted(by: { $0.key < $1.key }) {
            rows.append(("degraded", "\(count) \(effect)"))
        }
        rows.append(("retries", "\(retries)"))
        if delayed > 0 {
            rows.append(
                ("delayed", "\(delayed) for want of room (\(OpenLoop.unansweredLimit) unanswered at once)"))
        }
        if let latency = latencyMilliseconds {
            rows.append(
                (
                    "latency",
                    """
                    p50 \(latency.p50) ms, p90 \(latency.p90) ms, p99 \(latency.p99) ms, max \(latency.max) ms
                    """
                ))
        }
        if let seed { rows.append(("seed", "\(seed)")) }
        return rows.map { "\(Terminal.column($0.0, 12))\($0.1)" }.joined(separator: "\n")
    }
}
