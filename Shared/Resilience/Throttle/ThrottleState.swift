/// The bookkeeping of a ``Throttle``: requests and accepts of the last window, and the share to refuse.
struct ThrottleState: Sendable {
    private(set) var configuration: Throttle.Configuration
    private var counts: RollingCounts

    init(_ configuration: Throttle.Configuration) {
        self.configuration = configuration
        counts = RollingCounts(window: configuration.window)
    }

    mutating func reconfigure(_ configuration: Throttle.Configuration) {
        if configuration.window != counts.window {
            counts = RollingCounts(window: configuration.window, keeping: counts)
        }
        self.configuration = configuration
    }

    /// The share of calls to refuse now.
    mutating func rejection(now: ContinuousClock.Instant) -> Double {
        counts.roll(to: now)
        let (requests, accepts) = (counts.total.calls, counts.total.marked)
        guard requests >= configuration.minimumRequests else { return 0 }
        let excess = Double(requests) - configuration.multiplier * Double(accepts)
        return min(configuration.maximumRejection, max(0, excess / Double(requests + 1)))
    }

    /// Counts a call whose outcome is known, or that was refused here (which is not accepted).
    mutating func count(accepted: Bool, now: ContinuousClock.Instant) {
        counts.roll(to: now)
        counts.count(calls: 1, marked: accepted ? 1 : 0)
    }

    mutating func snapshot(now: ContinuousClock.Instant) -> Throttle.Snapshot {
        let rejection = rejection(now: now)
        return Throttle.Snapshot(
            requests: counts.total.calls, accepts: counts.total.marked, rejection: rejection)
    }
}
