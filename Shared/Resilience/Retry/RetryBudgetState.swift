/// The bookkeeping of a ``RetryBudget``: what has been called and retried in the last window, and whether one
/// more may be.
struct RetryBudgetState: Sendable {
    private(set) var configuration: RetryBudget.Configuration
    private var counts: RollingCounts

    init(_ configuration: RetryBudget.Configuration) {
        self.configuration = configuration
        counts = RollingCounts(window: configuration.window)
    }

    /// What was counted stays counted, lest a changed number be a way to new credit.
    mutating func reconfigure(_ configuration: RetryBudget.Configuration) {
        if configuration.window != counts.window {
            counts = RollingCounts(window: configuration.window, keeping: counts)
        }
        self.configuration = configuration
    }

    mutating func deposit(now: ContinuousClock.Instant) { deposit(at: Instant(now)) }

    mutating func deposit(at moment: Instant) {
        counts.roll(to: moment)
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

    /// Retries that the window may hold: whole ones. A share such as 0.29 has no exact value; the hundredth
    /// call shall not lose its retry to that.
    private var allowed: Int {
        let earned = configuration.share * Double(counts.total.calls)
        return Int(earned + configuration.minimumPerSecond * (configuration.window / .seconds(1)) + 1e-6)
    }
}
