/// Finds how many calls at once a service can work on, from their outcomes: numbers in, a number out.
/// ``AdaptiveLimit`` describes how.
///
/// It counts outcomes and reads no clock, so that each of its steps ends after a bounded number of them.
@usableFromInline
struct LimitSearch: Sendable {
    /// Under full use the latency without queueing is measured again after so many windows, at first and when
    /// it has changed; each time that it is confirmed after twice as many, up to the last number. The lower
    /// limit meanwhile then costs about one call in a hundred.
    static let windowsBetweenProbes = (first: 4, last: 64)
    /// If halving the limit lowers the latency by this factor, it has halved a queue.
    static let telling = 1.6
    /// Halving the limit can halve a queue, not more: if the latency falls by this factor, the service has
    /// become faster.
    static let impossible = 3.0
    /// A share of failures from here on counts as overload; fewer are everyday errors.
    static let failing = 0.1
    /// One sample counts for at most so many times the accepted latency: one call that hangs says nothing.
    static let outlier = 4.0

    /// So many calls may queue in any case: a worker that is done has to find the next one waiting, or it
    /// idles.
    static let spare = 2.0

    /// So many windows in a row that are too slow, whatever the limit, mean that the base has changed.
    static let hopeless = 3

    private struct Window {
        var answers = 0
        var failures = 0
        /// Of the answered calls' latencies.
        var sum = 0.0
        /// The most calls at once.
        var peak = 0
        var refused = false

        var outcomes: Int { answers + failures }
        var mean: Double? { answers > 0 ? sum / Double(answers) : nil }
    }

    /// The limit has been halved, perhaps several times, to see how the latency follows.
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
    /// So many calls, which were under way when the limit was lowered, end before the next window begins:
    /// their latency is of the earlier queue.
    private var leaving = 0
    /// Windows in a row that were too slow, and the limit and the mean latency in the first of them.
    private var congested = (windows: 0, limit: 0.0, mean: 0.0)
    private var windowsBetweenProbes = Self.windowsBetweenProbes.first
    /// Not from the first window: a queue that is still growing looks like one half as long.
    private var windowsUntilProbe = 2
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
        evaluate(closed, inFlight: inFlight)
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

    private mutating func evaluate(_ window: Window, inFlight: Int) {
        let failures = Double(window.failures) / Double(window.outcomes)
        // Below four fifths of the limit, and without a refusal, the limit wasn't what held calls up.
        let isUsed = window.refused || window.peak * 5 >= limit * 4
        if failures >= Self.failing {
            if let probing { set(probing.limit) }
            probing = nil
            if isUsed { lower(to: exact * (1 - failures / 2), inFlight: inFlight) }
        } else if let mean = window.mean {
            if let probing {
                evaluate(probing, mean: mean, inFlight: inFlight)
            } else if isUsed {
                evaluate(used: mean, inFlight: inFlight)
            } else {
                follow(mean)
            }
        }
    }

    private mutating func evaluate(used mean: Double, inFlight: Int) {
        windowsUntilProbe -= 1
        let base = base ?? mean
        self.base = base
        let isCongested = mean > allowed(over: base, under: exact)
        if !isCongested {
            congested.windows = 0
        } else if congested.windows == 0 {
            congested = (1, exact, mean)
        } else {
            congested.windows += 1
        }
        if congested.windows >= Self.hopeless {
            probe(Probe(limit: congested.limit, mean: congested.mean, last: mean), inFlight: inFlight)
        } else if mean * configuration.tolerance < base || windowsUntilProbe <= 0 {
            probe(Probe(limit: exact, mean: mean, last: mean), inFlight: inFlight)
        } else if isCongested {
            lower(to: exact * aim(over: base, under: exact) / mean, inFlight: inFlight)
        } else if windowsUntilProbe > 1 {
            // Not right before a probe: latency follows the limit with a delay, and would be compared with
            // the wrong one.
            set(exact + 1 + exact / 8)
        }
    }

    /// Halves the limit, to measure the latency with fewer calls at once.
    private mutating func probe(_ probe: Probe, inFlight: Int) {
        congested.windows = 0
        guard limit > configuration.minimum else {
            // At the minimum, which is always admitted, there is no queue that this limit makes.
            measured(probe.last)
            probing = nil
            return set(exact + 1)
        }
        probing = probe
        lower(to: exact / 2, inFlight: inFlight)
    }

    private mutating func evaluate(_ probe: Probe, mean: Double, inFlight: Int) {
        if probe.last > Self.impossible * mean {
            measured(mean)
            probing = nil
            set(exact * 2)
        } else if probe.last >= Self.telling * mean, limit > configuration.minimum {
            var probe = probe
            probe.last = mean
            self.probe(probe, inFlight: inFlight)
        } else {
            let base = measured(mean)
            probing = nil
            set(probe.limit * min(1, aim(over: base, under: probe.limit) / probe.mean))
        }
    }

    @discardableResult
    private mutating func measured(_ mean: Double) -> Double {
        let old = base ?? mean
        let isConfirmed = mean <= old * configuration.tolerance && old <= mean * configuration.tolerance
        windowsBetweenProbes =
            isConfirmed
            ? min(2 * windowsBetweenProbes, Self.windowsBetweenProbes.last) : Self.windowsBetweenProbes.first
        windowsUntilProbe = windowsBetweenProbes
        let new = isConfirmed ? old + (mean - old) / 3 : mean
        base = new
        return new
    }

    private mutating func follow(_ mean: Double) { base = base.map { $0 + (mean - $0) / 4 } ?? mean }

    /// The mean latency above which calls queue too long under `limit`.
    private func allowed(over base: Double, under limit: Double) -> Double {
        // With `limit` in flight, a queue of `spare` multiplies the latency by this, by Little's law.
        let spare = min(Self.outlier, limit / max(limit - Self.spare, 0.01))
        return max(max(configuration.tolerance, spare) * base, base + slack)
    }

    /// The latency to return to after it was too high: half-way between no queueing and too much.
    private func aim(over base: Double, under limit: Double) -> Double {
        (base + allowed(over: base, under: limit)) / 2
    }

    private mutating func lower(to limit: Double, inFlight: Int) {
        set(max(limit, exact / 2))
        leaving = inFlight
    }

    private mutating func set(_ limit: Double) {
        exact = max(Double(configuration.minimum), min(limit, Double(configuration.maximum)))
    }

    // MARK: Ticks

    /// About a nanosecond (2³⁰ attoseconds): a shift where a division would cost as much as the rest.
    static func ticks(_ duration: Duration) -> Double { Double(Int64(clamping: duration.attoseconds >> 30)) }

    static func duration(ticks: Double) -> Duration { Duration(attoseconds: Int128(ticks) << 30) }
}
