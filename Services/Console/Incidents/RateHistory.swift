/// A counter by the minute, and whether it has fallen against the minutes before.
struct RateHistory: Sendable {
    /// As many minutes say what is usual.
    private static let minutes = 5
    /// Fewer a minute are too few to judge by.
    private static let fewest = 30.0
    /// After so many low minutes they are what is usual.
    private static let mostFallen = 30

    private var last: Double?
    private var minuteStart: ContinuousClock.Instant?
    /// In the minute that is under way.
    private var current = 0.0
    /// Of the last full minutes that were not low, the newest last.
    private var usual: [Double] = []
    /// How many low minutes there were in a row.
    private var fallen = 0

    /// - Parameter total: of the counter, which begins again with its process; nil: not known.
    mutating func add(_ total: Double?, at now: ContinuousClock.Instant) {
        let start = minuteStart ?? now
        minuteStart = start
        if let total {
            if let last { current += total >= last ? total - last : total }
            last = total
        }
        guard start.duration(to: now) >= .seconds(60) else { return }
        finishMinute()
        minuteStart = now
    }

    private mutating func finishMinute() {
        defer { current = 0 }
        if isLow(current), fallen < Self.mostFallen {
            fallen += 1
            return
        }
        if fallen >= Self.mostFallen { usual = [] }
        fallen = 0
        usual.append(current)
        if usual.count > Self.minutes { usual.removeFirst() }
    }

    /// Whether it is less than half of the median of the last five usual minutes.
    private func isLow(_ count: Double) -> Bool {
        let sorted = usual.sorted()
        guard sorted.count == Self.minutes, let fewest = sorted.first, fewest >= Self.fewest else {
            return false
        }
        return count < 0.5 * sorted[Self.minutes / 2]
    }

    /// Whether the last full minute was low.
    var hasFallen: Bool { fallen > 0 }
}
