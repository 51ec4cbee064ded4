/// How many calls there were in the last window, and how many of them are marked, at a fixed price whatever the traffic.
///
/// The window is cut into ten buckets on a grid that starts with the first call; a bucket leaves as a whole when it is a
/// window old. So what is counted is the last 90 to 100 % of a window.
struct RollingCounts: Sendable {
    struct Counts: Sendable, Hashable {
        var calls = 0
        /// The calls of interest: the retries of a budget, the calls that a dependency accepted.
        var marked = 0
    }

    static let buckets = 10

    let window: Duration
    /// The bucket in use; beside the ring, so that counting a call doesn't touch an array.
    private(set) var current = Counts()
    /// All buckets but the one in use.
    private var past = Counts()
    private var ring = [Counts](repeating: Counts(), count: buckets)
    private var index = 0
    /// The end of the bucket in use, on ``axis(_:)``; nil before the first call.
    private var end: Int128?

    init(window: Duration) { self.window = window }

    /// A window of another length that remembers what was counted, as if it had all happened now.
    init(window: Duration, keeping other: RollingCounts) {
        self.window = window
        current = other.total
    }

    /// What has been counted and has not left; call ``roll(to:)`` first.
    var total: Counts { Counts(calls: past.calls + current.calls, marked: past.marked + current.marked) }

    mutating func count(calls: Int, marked: Int) {
        current.calls += calls
        current.marked += marked
    }

    /// Lets leave what is too old. An instant before the bucket in use, as a call that began earlier may bring it, changes
    /// nothing.
    mutating func roll(to now: ContinuousClock.Instant) {
        let time = Self.axis(now)
        if let end, time < end { return }
        turn(to: time)
    }

    private mutating func turn(to time: Int128) {
        let width = (window / Self.buckets).attoseconds
        guard let end else {
            self.end = time + width
            return
        }
        let late = (time - end) / width + 1
        self.end = end + width * late
        for _ in 0..<min(late, Int128(Self.buckets)) {
            ring[index] = current
            past = total
            current = Counts()
            index = (index + 1) % Self.buckets
            past.calls -= ring[index].calls
            past.marked -= ring[index].marked
        }
    }

    /// A mark to count attoseconds from; no time is ever taken from it.
    private static let zero = ContinuousClock.now

    /// The instant as a plain number: the standard library's own is opaque, so that a state which holds one is copied and
    /// compared by calls through its metadata, four times as slowly.
    private static func axis(_ instant: ContinuousClock.Instant) -> Int128 { zero.duration(to: instant).attoseconds }
}
