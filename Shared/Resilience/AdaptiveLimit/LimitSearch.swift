/// Finds how many calls at once a service can work on, from what their outcomes say: numbers in, a number out. How it does
/// is told at ``AdaptiveLimit``.
///
/// It counts outcomes and reads no clock, so that everything it does is done after a bounded number of them.
@usableFromInline
struct LimitSearch: Sendable {
    /// Under full use the latency without queueing is measured anew after so many windows: the lower limit meanwhile costs
    /// about one call in a hundred.
    static let windowsBetweenProbes = 50
    /// Halving the limit that brings the latency down by this much has halved a queue.
    static let telling = 1.75
    /// A share of failures that is taken for overload; fewer are anybody's everyday errors.
    static let failing = 0.1
    /// One sample counts for at most so many times the latency that is put up with: one call that hangs says nothing.
    static let outlier = 4.0

    /// So many calls may queue in any case: a worker that is done has to find the next one waiting, or it idles.
    static let spare = 2.0

    private struct Window {
        var answers = 0
        var failures = 0
        /// Of the answers' latencies.
        var sum = 0.0
        /// The most calls at once.
        var peak = 0
        var refused = false

        var outcomes: Int { answers + failures }
        var mean: Double? { answers > 0 ? sum / Double(answers) : nil }
    }

    /// A limit that has been halved, perhaps several times, to see what that does to the latency.
    private struct Probe {
        /// What the limit was, and the mean latency under it.
        var limit: Double
        var mean: Double
        /// The mean latency before the limit was halved last.
        var last: Double
    }

    private(set) var configuration: AdaptiveLimit.Configuration
    private(set) var exact: Double
    /// The mean latency without queueing, in ticks; nil until something has been measured.
    private(set) var base: Double?
    private var probing: Probe?
    private var window = Window()
    /// So many calls that were under way when the limit was lowered end before the next window begins: their latency is of
    /// the queue that was.
    private var leaving = 0
    private var congestedWindows = 0
    private var windowsUntilProbe = 1
    private var slack: Double

    init(_ configuration: AdaptiveLimit.Configuration) {
        self.configuration = configuration
        exact = Double(configuration.initial)
        slack = Self.ticks(configuration.slack)
    }

    var limit: Int { Int(exact) }
    var isProbing: Bool { probing != nil }

    mutating func reconfigure(_ configuration: AdaptiveLimit.Configuration) {
        self.configuration = configuration
        slack = Self.ticks(configuration.slack)
        set(exact)
    }

    // MARK: Calls

    mutating func began(inFlight: Int) { window.peak = max(window.peak, inFlight) }

    mutating func refused() { window.refused = true }

    /// A call that ended and says nothing.
    mutating func left(inFlight: Int) { if leaving > 0 { leave(inFlight: inFlight) } }

    /// A call that was answered, or failed. `inFlight` are those that are still under way.
    mutating func ended(failed: Bool, after latency: Duration, inFlight: Int) {
        guard leaving == 0 else { return leave(inFlight: inFlight) }
        if failed {
            window.failures += 1
        } else {
            window.answers += 1
            window.sum += min(Self.ticks(latency), ceiling)
        }
        guard window.outcomes >= windowSize else { return }
        let closed = window
        window = Window(peak: inFlight)
        judge(closed, inFlight: inFlight)
    }

    private mutating func leave(inFlight: Int) {
        leaving -= 1
        if leaving == 0 { window = Window(peak: inFlight) }
    }

    private var windowSize: Int { max(configuration.samples, min(limit, 10 * configuration.samples)) }

    private var ceiling: Double {
        guard let base else { return .infinity }
        return Self.outlier * max(allowed(over: base, under: exact), probing?.last ?? 0)
    }

    // MARK: Windows

    private mutating func judge(_ window: Window, inFlight: Int) {
        let failures = Double(window.failures) / Double(window.outcomes)
        // Below four fifths of the limit, with nobody refused, it is not the limit that made things what they are.
        let isUsed = window.refused || window.peak * 5 >= limit * 4
        if failures >= Self.failing {
            if let probing { set(probing.limit) }
            probing = nil
            if isUsed { lower(to: exact * (1 - failures / 2), inFlight: inFlight) }
        } else if let mean = window.mean {
            if let probing {
                judge(probing, mean: mean, inFlight: inFlight)
            } else if isUsed {
                judge(used: mean, inFlight: inFlight)
            } else {
                follow(mean)
            }
        }
    }

    private mutating func judge(used mean: Double, inFlight: Int) {
        windowsUntilProbe -= 1
        let base = base ?? mean
        self.base = base
        let isCongested = mean > allowed(over: base, under: exact)
        congestedWindows = isCongested ? congestedWindows + 1 : 0
        let isBaseWrong = congestedWindows > 1 || mean * configuration.tolerance < base
        if isBaseWrong || windowsUntilProbe <= 0 {
            probe(Probe(limit: exact, mean: mean, last: mean), inFlight: inFlight)
        } else if isCongested {
            lower(to: exact * aim(over: base, under: exact) / mean, inFlight: inFlight)
        } else {
            if mean < base { follow(mean) }
            set(exact + 1 + exact / 8)
        }
    }

    /// Halves the limit, to see what the latency is without so many others.
    private mutating func probe(_ probe: Probe, inFlight: Int) {
        windowsUntilProbe = Self.windowsBetweenProbes
        congestedWindows = 0
        guard limit > configuration.minimum else {
            // There is no queue of our making at the least that is always let pass.
            base = probe.mean
            return set(exact + 1)
        }
        probing = probe
        lower(to: exact / 2, inFlight: inFlight)
    }

    private mutating func judge(_ probe: Probe, mean: Double, inFlight: Int) {
        base = mean
        if probe.last >= Self.telling * mean, limit > configuration.minimum {
            var probe = probe
            probe.last = mean
            self.probe(probe, inFlight: inFlight)
        } else {
            probing = nil
            set(probe.limit * min(1, aim(over: mean, under: probe.limit) / probe.mean))
        }
    }

    private mutating func follow(_ mean: Double) { base = base.map { $0 + (mean - $0) / 4 } ?? mean }

    /// The mean latency above which calls queue too long under `limit`.
    private func allowed(over base: Double, under limit: Double) -> Double {
        // With `limit` in flight a queue of `spare` makes latency this many times the base, by Little's law.
        let spare = min(Self.outlier, limit / max(limit - Self.spare, 0.01))
        return max(max(configuration.tolerance, spare) * base, base + slack)
    }

    /// What the latency is brought back to after it was too high: half-way between no queueing and too much.
    private func aim(over base: Double, under limit: Double) -> Double { (base + allowed(over: base, under: limit)) / 2 }

    private mutating func lower(to limit: Double, inFlight: Int) {
        set(max(limit, exact / 2))
        leaving = inFlight
    }

    private mutating func set(_ limit: Double) {
        exact = max(Double(configuration.minimum), min(limit, Double(configuration.maximum)))
    }

    // MARK: Ticks

    /// About a nanosecond (2³⁰ attoseconds): a shift where a division would cost as much as the rest.
    static func ticks(_ duration: Duration) -> Double { Double(Int64(truncatingIfNeeded: duration.attoseconds >> 30)) }

    static func duration(ticks: Double) -> Duration { Duration(attoseconds: Int128(ticks) << 30) }
}
