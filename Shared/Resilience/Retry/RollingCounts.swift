/// How many calls there were in the last window, and how many of them are marked, at a fixed cost whatever
/// the traffic.
///
/// The window is cut into ten buckets on a grid that starts with the first call; a bucket is dropped as a
/// whole when it is a window old. So the counts cover the last 90 to 100 % of a window.
struct RollingCounts: Sendable {
    struct Counts: Sendable, Hashable {
        var calls = 0
        /// The retries of a budget, or the calls that a dependency accepted.
        var marked = 0
    }

    static let buckets = 10

    let window: Duration
    /// The current bucket; apart from the ring, so that counting a call doesn't touch an array.
    private(set) var current = Counts()
    /// All buckets but the current one.
    private var past = Counts()
    private var ring = [Counts](repeating: Counts(), count: buckets)
    private var index = 0
    /// The end of the current bucket; nil before the first call.
    private var end: Instant?

    init(window: Duration) { self.window = window }

    /// A window of another length that keeps the counts, as if all calls had happened now.
    init(window: Duration, keeping other: RollingCounts) {
        self.window = window
        current = other.total
    }

    /// The counts of the window; call ``roll(to:)`` first.
    var total: Counts { Counts(calls: past.calls + current.calls, marked: past.marked + current.marked) }

    mutating func count(calls: Int, marked: Int) {
        current.calls += calls
        current.marked += marked
    }

    /// Drops what is too old. An instant before the current bucket, such as that of a call that began
    /// earlier, changes nothing.
    mutating func roll(to now: Instant) {
        if let end, now < end { return }
        turn(to: now)
    }

    mutating func roll(to now: ContinuousClock.Instant) { roll(to: Instant(now)) }

    private mutating func turn(to now: Instant) {
        let width = window / Self.buckets
        guard let end else {
            self.end = now.advanced(by: width)
            return
        }
        // In whole attoseconds, not as a Double: a bucket is dropped exactly when its time has come.
        let late = end.duration(to: now).attoseconds / width.attoseconds + 1
        self.end = end.advanced(by: width * late)
        for _ in 0..<min(late, Int128(Self.buckets)) {
            ring[index] = current
            past = total
            current = Counts()
            index = (index + 1) % Self.buckets
            past.calls -= ring[index].calls
            past.marked -= ring[index].marked
        }
    }
}
