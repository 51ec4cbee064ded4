/// The bookkeeping of a ``RetryBudget``: the calls and retries of the last window, and whether another retry
/// is allowed.
struct RetryBudgetState: Sendable {
    private(set) var configuration: RetryBudget.Configuration
    private var counts: RollingCounts

    init(_ configuration: RetryBudget.Configuration) {
        self.configuration = configuration
        counts = RollingCounts(window: configuration.window)
    }

    /// The counts stay, so that changing the numbers gives no new credit.
    mutating func reconfigure(_ configuration: RetryBudget.Configuration) {
        if configuration.window != counts.window {
            counts = RollingCounts(window: configuration.window, keeping: counts)
        }
        self.configuration = configuration
    }

    mutating func deposit(now: ContinuousClock.Instant) { deposit(at: Instant(now)) }

    mutating func deposit(at instant: Instant) {
        counts.roll(to: instant)
        counts.count(calls: 1, marked: 0)
    }

    mutating func withdraw(now: ContinuousClock.Instant) -> Bool {
        counts.roll(to: Instant(now))
        guard counts.total.marked < allowed else { return false }
        counts.count(calls: 0, marked: 1)
        return true
    }

    mutating func snapshot(now: ContinuousClock.Instant) -> RetryBudget.Snapshot {
        counts.roll(to: Instant(now))
        let total = counts.total
        return RetryBudget.Snapshot(
            calls: total.calls, retries: total.marked, left: max(0, allowed - total.marked))
    }

    /// Retries that the window may hold, in whole numbers. A share such as 0.29 has no exact value; the
    /// hundredth call must not lose its retry to rounding.
    private var allowed: Int {
        let earned = configuration.share * Double(counts.total.calls)
        return Int(earned + configuration.minimumPerSecond * (configuration.window / .seconds(1)) + 1e-6)
    }
}
