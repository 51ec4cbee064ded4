/// Finds how many requests at once a service can work on, from how long it has them: numbers in, a number out.
///
/// Of what its caller waits at most, a request may spend a ``share`` here, at this service itself; what it waits for others isn't
/// counted. That is long enough for some to queue for whatever is scarce – the processor, the writer of the store – so that it
/// never idles and does its work for many at once, and short enough for the caller, who may be another service with a caller of
/// its own. Over a window of requests, what they took over what they may take says how far the limit is off: by Little's law the
/// latency of a queue is in proportion to the number in it, so the limit is divided by it.
///
/// Not every latency is a queue: a slow disk takes its time however few there are, and fewer would only do less. So when the limit
/// was lowered, what the latency has in common before and after – with `latency = fixed + limit × slope`, the fixed part – doesn't
/// count for a while.
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
    /// One request counts for at most so many times what it may take: one that hangs says nothing. What is fixed is at most as much.
    private static let outlier = 8.0
    /// A limit has to be lowered to this share of what it was to find anything fixed, and to find this share of the latency.
    private static let telling = 0.8
    private static let mostly = 0.6
    /// A window takes this share of what was found to be fixed back.
    private static let forgetting = 1.0 / 16

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
    /// By kind, in ticks: what one may take.
    private let allowed: [Double]
    private var exact: Double
    private var window = Window()
    /// What was measured, in ticks, before the limit was lowered.
    private var before: (limit: Double, latency: Double)?
    /// In ticks: what a request takes however few there are.
    private var fixed = 0.0
    /// Counts how often the limit was changed so that only what begins afterwards tells anything.
    private(set) var era = 0

    /// - Parameter longest: by kind, how long its caller waits at most.
    init(_ configuration: Shedder.Configuration, longest: [Duration]) {
        minimum = Double(configuration.minimum)
        maximum = Double(configuration.maximum)
        initial = Double(configuration.initial)
        allowed = longest.map { max(1, LimitSearch.ticks($0) * configuration.share) }
        exact = initial
    }

    var limit: Int { Int(exact) }

    mutating func began(inFlight: Int) { window.peak = max(window.peak, inFlight) }

    mutating func pressed() { window.isPressed = true }

    /// - Parameters:
    ///   - latency: how long the service itself has had it.
    ///   - isWhole: whether it was done as such requests usually are; one that was refused early counts only if it was slow.
    ///   - era: when it began.
    mutating func ended(kind: Int, after latency: Duration, isWhole: Bool, era: Int) {
        let ticks = LimitSearch.ticks(latency)
        guard era == self.era, isWhole || ticks >= allowed[kind] else { return }
        window.count += 1
        window.latency += min(ticks, Self.outlier * allowed[kind])
        window.allowed += allowed[kind]
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
        let latency = window.latency / window.count
        let allowed = window.allowed / window.count
        fixed = min(fixed * (1 - Self.forgetting), latency)
        if let before, exact < before.limit * Self.telling {
            let slope = max(0, before.latency - latency) / (before.limit - exact)
            let found = latency - exact * slope
            if found > Self.mostly * latency { fixed = max(fixed, min(found, Self.outlier * allowed)) }
        }
        before = nil
        let factor = allowed / max(1, latency - fixed)
        guard !Self.near.contains(factor) else { return }
        if factor < 1 { before = (exact, latency) }
        set(exact * max(Self.step.lowerBound, min(factor, Self.step.upperBound)))
        era += 1
    }

    private mutating func set(_ limit: Double) { exact = max(minimum, min(limit, maximum)) }
}
