/// Finds how many requests at once a service can work on, from how long they take: numbers in, a number out.
///
/// Each latency is held against what a request of its kind takes while little is going on (``HealthyLatencies``), so that a
/// change of the mix isn't taken for one of the service. Over a window of requests the **slowness** is the sum of the latencies
/// over the sum of the healthy ones:
/// - Up to the tolerance, the limit grows by an eighth and one, or by a quarter where it isn't near, provided that it was used.
/// - Above, it shrinks in proportion, by a half at most. Windows after that count only what began under the new limit.
/// - If that didn't help, it wasn't a queue of our making: something that the service waits for has become slower, and fewer
///   at once would only do less. Then so much slowness is put up with from now on, and the limit is what it was. At the minimum,
///   where nothing smaller can be tried, it is found out by trying more. But none of this where requests wait for the processor
///   itself (``ended(kind:after:lag:isCalm:isWhole:era:)``): then it is busy, whoever keeps it so.
/// - A limit that isn't used goes back to where the search begins, or twice what was used: what comes next may be another load.
///
/// It counts requests and reads no clock.
struct LatencyLimit: Sendable {
    /// How many requests are looked at together, at least and at most; as many as the limit, in between.
    private static let window = 50.0...200.0
    /// A limit lowered to this share of what it was has to lower the slowness…
    private static let trial = 0.6
    /// …to this share of it, if it was too many at once that made it. The same when it is raised again to see.
    private static let telling = 0.8
    /// So many windows at the minimum that are too slow, until more is tried.
    private static let patience = 4
    /// One request counts for at most so many times what is put up with: one that hangs says nothing.
    private static let outlier = 4.0
    /// What was found to be slow for good may become slower by so much before it is found out anew.
    private static let margin = 1.25
    /// A window takes this share of it back.
    private static let forgetting = 1.0 / 64
    /// A request waits for the processor some twenty times; if that is where its time goes, each wait is about this share of it.
    private static let busy = 1.0 / 40
    /// What takes this share of the longest that its caller waits isn't put up with, whatever the reason.
    private static let hopeless = 0.5
    /// What takes longer than this isn't healthy, whatever was measured in the beginning.
    private static let longestHealthy = Duration.milliseconds(25)

    private struct Window {
        var count = 0.0
        /// Sums of ticks.
        var latency = 0.0
        var lag = 0.0
        var healthy = 0.0
        var longest = 0.0
        /// The most at once.
        var peak = 0
        /// Somebody could not be let in.
        var isPressed = false
    }

    /// The limit was changed: does that change the slowness?
    private struct Trial {
        /// Where it goes back to.
        var origin: Double
        /// Under which limit the slowness was measured, once everything measured had begun under it.
        var limit = Double.infinity
        var slowness = 0.0
    }

    private let minimum: Double
    private let maximum: Double
    private let initial: Double
    private let tolerance: Double
    /// In ticks: so much queueing is put up with in any case, however fast the service is.
    private let slack: Double
    /// By kind, in ticks: how long its caller waits at most.
    private let longest: [Double]
    private var healthy: HealthyLatencies
    /// How many times the healthy slowness has turned out to be no queue of ours.
    private var pace = 1.0
    private var exact: Double
    private var window = Window()
    private var lowered: Trial?
    private var raised: Trial?
    private var slowAtMinimum = 0
    /// Counts how often the limit was changed so that only what begins afterwards tells anything.
    private(set) var era = 0

    /// - Parameter longest: by kind, how long its caller waits at most.
    init(_ configuration: Shedder.Configuration, longest: [Duration]) {
        minimum = Double(configuration.minimum)
        maximum = Double(configuration.maximum)
        initial = Double(configuration.initial)
        tolerance = configuration.tolerance
        slack = LimitSearch.ticks(.milliseconds(5))
        self.longest = longest.map(LimitSearch.ticks)
        healthy = HealthyLatencies(highest: longest.map { min($0 / 40, Self.longestHealthy) })
        exact = initial
    }

    var limit: Int { Int(exact) }

    /// So few at once can't queue for anything.
    func isCalm(inFlight: Int) -> Bool { Double(inFlight * 2) <= minimum }

    mutating func began(inFlight: Int) { window.peak = max(window.peak, inFlight) }

    mutating func pressed() { window.isPressed = true }

    /// - Parameters:
    ///   - lag: how long the processor left the request waiting, once: a sample of how busy it is.
    ///   - isCalm: whether it began while little was going on.
    ///   - isWhole: whether it was done as such requests usually are; one that was refused early counts only if it took as long.
    ///   - era: when it began.
    mutating func ended(kind: Int, after latency: Duration, lag: Duration, isCalm: Bool, isWhole: Bool, era: Int) {
        let ticks = LimitSearch.ticks(latency)
        guard isWhole || ticks >= healthy[kind] else { return }
        if isCalm {
            healthy.learn(ticks, kind: kind)
            pace += (1 - pace) / 16
        }
        guard era == self.era else { return }
        window.count += 1
        window.latency += min(ticks, Self.outlier * max(tolerance * pace * healthy[kind], Self.hopeless * longest[kind]))
        window.lag += LimitSearch.ticks(lag)
        window.healthy += healthy[kind]
        window.longest += longest[kind]
        guard window.count >= max(Self.window.lowerBound, min(exact, Self.window.upperBound)) else { return }
        let closed = window
        window = Window()
        judge(closed)
    }

    private mutating func judge(_ window: Window) {
        let slowness = window.latency / window.healthy
        let allowed = min(
            max(tolerance * pace, pace + slack * window.count / window.healthy), Self.hopeless * window.longest / window.healthy
        )
        let isBusy = window.lag > Self.busy * window.latency
        guard window.isPressed || Double(window.peak) * 5 >= exact * 4 else { return judgeUnused(window) }
        if let trial = raised {
            raised = nil
            if !isBusy, slowness * Self.telling < trial.slowness { return accept(slowness, limit: exact) }
            return change(to: trial.origin)
        }
        pace += (1 - pace) * Self.forgetting
        guard slowness > allowed else {
            lowered = nil
            slowAtMinimum = 0
            return set(exact + 1 + exact / (slowness * 2 < allowed ? 4 : 8))
        }
        if let trial = lowered, !isBusy, exact <= trial.limit * Self.trial, slowness > trial.slowness * Self.telling {
            return accept(slowness, limit: trial.origin)
        }
        guard exact > minimum else { return judgeAtMinimum(slowness, isBusy: isBusy) }
        if lowered == nil {
            lowered = Trial(origin: exact)
        } else if lowered?.limit == .infinity {
            lowered?.limit = exact
            lowered?.slowness = slowness
        }
        change(to: exact * max(0.5, 0.8 * allowed / slowness))
    }

    private mutating func judgeUnused(_ window: Window) {
        lowered = nil
        raised = nil
        slowAtMinimum = 0
        let needed = max(initial, 2 * Double(window.peak))
        if exact > needed { set(max(needed, exact * 0.9)) }
    }

    private mutating func judgeAtMinimum(_ slowness: Double, isBusy: Bool) {
        lowered = nil
        guard !isBusy else { return }
        slowAtMinimum += 1
        guard slowAtMinimum >= Self.patience else { return }
        slowAtMinimum = 0
        raised = Trial(origin: exact, limit: exact, slowness: slowness)
        change(to: exact / Self.trial)
    }

    /// So slow it is without us.
    private mutating func accept(_ slowness: Double, limit: Double) {
        pace = max(pace, slowness / tolerance * Self.margin)
        lowered = nil
        slowAtMinimum = 0
        change(to: limit)
    }

    private mutating func change(to limit: Double) {
        set(limit)
        era += 1
    }

    private mutating func set(_ limit: Double) { exact = max(minimum, min(limit, maximum)) }
}
