/// Finds how many requests at once a service can work on, from their latencies: numbers in, a number out.
///
/// A request may spend a ``Shedder/Configuration/share`` of its caller's wait queueing at this service; what
/// it waits for downstream calls isn't counted. That is long enough for a queue at the scarce resource – the
/// processor, the writer of the store – so that it never idles and serves many requests at once, and short
/// enough for the caller, which may be a service with a caller of its own. Over a window of requests, their
/// latency over the allowed one says how far the limit is off: by Little's law the latency of a queue is in
/// proportion to its length, so the limit is divided by that factor.
///
/// **Slow isn't queueing.** Handlers that sleep for 100 ms take as long with 16 in work as with 64. The
/// *unloaded* latency of a request is that of the fastest window in which the limit held nothing up, and only
/// what is above it counts.
///
/// A service that always had a queue finds it by experiment: with half as many in work, a queue is half as
/// long. If the latency fell by less than the square root of that, it is the unloaded one. The limit goes
/// back to where it was, and the experiment is repeated from time to time, at the
/// ``Shedder/Configuration/minimum`` by raising the limit briefly, so that a wrong result doesn't last. Once
/// the unloaded latency was measured there are no experiments: a latency that doesn't follow the limit may be
/// that of a processor kept busy by other processes, and more work at once would make that worse.
///
/// A limit that isn't used goes back to where the search begins, or to twice what was used: the next load may
/// be another.
///
/// It counts requests and reads no clock.
struct LatencyLimit: Sendable {
    /// How many requests make a window, at least and at most; as many as the limit, in between.
    private static let window = 50.0...200.0
    /// By how much one window may change the limit.
    private static let step = 0.5...1.5
    /// By how much a window may raise the measured unloaded latency: a service that has become slower is
    /// noticed within some hundred windows, and the end of an overload, which is still slow, changes little.
    private static let slower = 1.01
    /// A smaller change isn't worth making.
    private static let near = 0.9...1.1
    /// One request counts for at most so many times what it may take: one that hangs says nothing.
    private static let outlier = 8.0
    /// Two windows are compared when the second had at most this part of the first's requests in work.
    private static let comparable = 0.65
    /// Windows differ at random. A latency below this many times the unloaded one is no queue; one that many
    /// times smaller means that the service has become faster.
    private static let tolerance = 1.5
    /// After so many requests for each that may be in work, the experiment is repeated; at the minimum first
    /// after the lower number, and after twice as many each time that there is a queue.
    private static let repetition = 4.0...64.0

    private struct Window {
        var count = 0.0
        /// Sums of ticks: the latencies, the same without outliers, and what was allowed.
        var latency = 0.0
        var usualLatency = 0.0
        var allowed = 0.0
        /// The sum of how many were in work when each request began.
        var inWork = 0.0
        /// The most at once.
        var peak = 0
        /// A request could not be admitted.
        var isPressed = false

        var mean: Double { latency / count }
    }

    /// The limit is being lowered.
    private struct Descent {
        /// The limit when it began.
        var top: Double
        /// The slowest window since then, or since fewer at once were last found to be faster: mean number in
        /// work, mean latency.
        var inWork: Double
        var latency: Double
    }

    private var minimum: Double
    private var maximum: Double
    private var initial: Double
    private var exact: Double
    private var window = Window()
    /// So many requests, which were in work when the limit was changed, end before the next window begins.
    private var leaving = 0
    private var descent: Descent?
    /// The latency of a request without queueing, in ticks; 0 while all of it may be queueing.
    private var unloaded = 0.0
    /// Measured in a window in which nothing was held up, not by experiment.
    private var isMeasured = false
    /// Requests until the next experiment.
    private var untilAsked = 0.0
    /// The current value of ``repetition`` at the minimum.
    private var minimumRepetition = Self.repetition.lowerBound

    init(_ configuration: Shedder.Configuration) {
        minimum = Double(configuration.minimum)
        maximum = Double(configuration.maximum)
        initial = Double(configuration.initial)
        exact = initial
    }

    /// Other bounds from now on; what was found stays, within them.
    mutating func reconfigure(_ configuration: Shedder.Configuration) {
        minimum = Double(configuration.minimum)
        maximum = Double(configuration.maximum)
        initial = Double(configuration.initial)
        set(exact)
    }

    var limit: Int { Int(exact) }

    /// How many may be in work for a rank to begin another: 50, 75, 90 and 100 % of the limit, rounded down,
    /// but at least one.
    var allowances: SIMD4<Int> {
        let limit = limit
        return SIMD4(max(1, limit / 2), max(1, limit * 3 / 4), max(1, limit * 9 / 10), limit)
    }

    /// The latency of a request that doesn't queue, at most.
    var slowness: Duration { unloaded > 0 ? Self.duration(ticks: Self.tolerance * unloaded) : .zero }

    mutating func began(inFlight: Int) { window.peak = max(window.peak, inFlight) }

    mutating func pressed() { window.isPressed = true }

    /// - Parameters:
    ///   - latency: how long the service itself has had it.
    ///   - allowed: how long it may queue.
    ///   - countsAsSample: whether it took the usual course; a request that was refused early counts only if
    ///     it was slow.
    ///   - inWork: how many were in work when it began, itself among them.
    ///   - inFlight: how many are in work now.
    mutating func ended(
        after latency: Duration, allowed: Duration, countsAsSample: Bool, inWork: Int, inFlight: Int
    ) {
        guard leaving == 0 else {
            leaving -= 1
            if leaving == 0 { window = Window(peak: inFlight) }
            return
        }
        guard countsAsSample || latency >= allowed else { return }
        let latency = Self.ticks(latency)
        let allowed = max(1, Self.ticks(allowed)) + Self.tolerance * unloaded
        window.count += 1
        window.latency += latency
        window.usualLatency += min(latency, Self.outlier * allowed)
        window.allowed += allowed
        window.inWork += Double(inWork)
        guard window.count >= max(Self.window.lowerBound, min(exact, Self.window.upperBound)) else { return }
        let closed = window
        window = Window(peak: inFlight)
        evaluate(closed, inFlight: inFlight)
    }

    private mutating func evaluate(_ window: Window, inFlight: Int) {
        let usual = window.usualLatency / window.count
        if Self.tolerance * usual < unloaded { unloaded = usual }
        guard window.isPressed || Double(window.peak) * 5 >= exact * 4 else {
            unloaded = isMeasured ? min(usual, unloaded * Self.slower) : usual
            isMeasured = true
            descent = nil
            let needed = max(initial, 2 * Double(window.peak))
            if exact > needed { set(max(needed, exact * 0.9)) }
            return
        }
        untilAsked -= window.count
        if !isMeasured, let top = topOfVainDescent(window) {
            unloaded = window.mean
            untilAsked = Self.repetition.upperBound * exact
            minimumRepetition = Self.repetition.lowerBound
            return change(to: top, inFlight: inFlight)
        }
        var allowed = window.allowed
        if untilAsked <= 0, !isMeasured {
            allowed -= window.count * Self.tolerance * unloaded
            unloaded = 0
        }
        let factor = allowed / max(1, window.usualLatency)
        if factor >= Self.near.lowerBound {
            descent = nil
            if factor > Self.near.upperBound {
                change(to: exact * min(factor, Self.step.upperBound), inFlight: inFlight)
            }
        } else if exact > minimum {
            descend(window)
            change(to: exact * max(factor, Self.step.lowerBound), inFlight: inFlight)
        } else if untilAsked <= 0, !isMeasured {
            descent = nil
            change(to: 2 * minimum, inFlight: inFlight)
        }
    }

    /// - Returns: the limit before it was lowered, if lowering it made nothing faster.
    private mutating func topOfVainDescent(_ window: Window) -> Double? {
        let inWork = window.inWork / window.count
        guard let descent, inWork <= Self.comparable * descent.inWork else { return nil }
        let faster = descent.latency / window.mean
        guard faster * faster >= descent.inWork / inWork else {
            self.descent = nil
            return descent.top
        }
        self.descent = Descent(top: descent.top, inWork: inWork, latency: window.mean)
        if exact <= minimum {
            untilAsked = minimumRepetition * exact
            minimumRepetition = min(2 * minimumRepetition, Self.repetition.upperBound)
        }
        return nil
    }

    /// The limit is about to be lowered because of this window.
    private mutating func descend(_ window: Window) {
        if let descent, window.mean <= descent.latency { return }
        descent = Descent(
            top: descent?.top ?? exact, inWork: window.inWork / window.count, latency: window.mean)
    }

    private mutating func change(to limit: Double, inFlight: Int) {
        set(limit)
        leaving = inFlight
    }

    private mutating func set(_ limit: Double) { exact = max(minimum, min(limit, maximum)) }

    // MARK: Ticks

    /// About a nanosecond (2³⁰ attoseconds): a shift where a division would cost as much as the rest.
    private static func ticks(_ duration: Duration) -> Double {
        Double(Int64(clamping: duration.attoseconds >> 30))
    }

    private static func duration(ticks: Double) -> Duration { Duration(attoseconds: Int128(ticks) << 30) }
}
