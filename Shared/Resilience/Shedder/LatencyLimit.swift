/// Finds how many requests at once a service can work on, from how long it has them: numbers in, a number out.
///
/// Of what its caller waits at most, a request may spend a ``share`` here, at this service itself; what it waits for others isn't
/// counted. That is long enough for some to queue for whatever is scarce – the processor, the writer of the store – so that it
/// never idles and does its work for many at once, and short enough for the caller, who may be another service with a caller of
/// its own. Over a window of requests, what they took over what they may take says how far the limit is off: by Little's law the
/// latency of a queue is in proportion to the number in it, so the limit is divided by it.
///
/// Not every latency is a queue: a slow disk takes its time however few there are, and fewer only do less. That is what the minimum
/// is for.
///
/// A limit that isn't used goes back to where the search begins, or twice what was used: what comes next may be another load.
///
/// It counts requests and reads no clock.
struct LatencyLimit: Sendable {
    /// How many requests are looked at together, at least and at most; as many as the limit, in between.
    private static let window = 50.0...200.0
    /// By how much one window may change the limit.
    private static let step = 0.5...1.5
    /// So little isn't worth a change.
    private static let near = 0.9...1.1
    /// One request counts for at most so many times what it may take: one that hangs says nothing.
    private static let outlier = 8.0
    private struct Window {
        var count = 0.0
        /// Sums of ticks.
        var latency = 0.0
        var allowed = 0.0
        /// The most at once.
        var peak = 0
        /// Somebody could not be let in.
        var isPressed = false
    }

    private let minimum: Double
    private let maximum: Double
    private let initial: Double
    private var exact: Double
    private var window = Window()
    /// Counts how often the limit was changed so that only what begins afterwards tells anything.
    private(set) var era = 0

    init(_ configuration: Shedder.Configuration) {
        minimum = Double(configuration.minimum)
        maximum = Double(configuration.maximum)
        initial = Double(configuration.initial)
        exact = initial
    }

    var limit: Int { Int(exact) }

    mutating func began(inFlight: Int) { window.peak = max(window.peak, inFlight) }

    mutating func pressed() { window.isPressed = true }

    /// - Parameters:
    ///   - latency: how long the service itself has had it.
    ///   - allowed: how long it may have it.
    ///   - isWhole: whether it was done as such requests usually are; one that was refused early counts only if it was slow.
    ///   - era: when it began.
    mutating func ended(after latency: Duration, allowed: Duration, isWhole: Bool, era: Int) {
        guard era == self.era, isWhole || latency >= allowed else { return }
        let allowed = max(1, LimitSearch.ticks(allowed))
        window.count += 1
        window.latency += min(LimitSearch.ticks(latency), Self.outlier * allowed)
        window.allowed += allowed
        guard window.count >= max(Self.window.lowerBound, min(exact, Self.window.upperBound)) else { return }
        let closed = window
        window = Window()
        judge(closed)
    }

    private mutating func judge(_ window: Window) {
        guard window.isPressed || Double(window.peak) * 5 >= exact * 4 else {
            let needed = max(initial, 2 * Double(window.peak))
            if exact > needed { set(max(needed, exact * 0.9)) }
            return
        }
        let factor = window.allowed / max(1, window.latency)
        guard !Self.near.contains(factor) else { return }
        set(exact * max(Self.step.lowerBound, min(factor, Self.step.upperBound)))
        era += 1
    }

    private mutating func set(_ limit: Double) { exact = max(minimum, min(limit, maximum)) }
}
