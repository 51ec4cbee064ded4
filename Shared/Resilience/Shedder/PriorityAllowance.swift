/// How much room who matters less leaves to who matters more.
///
/// The shares of the limit that ``Priority`` gives keep some places for the higher ranks, but where these
/// need more, every place that a lower rank has is one too many: so while anybody of a higher rank has to
/// wait, a rank's allowance becomes smaller, fast, and otherwise it comes back, slowly (additive increase,
/// multiplicative decrease; Chiu and Jain 1989). It settles where the higher ranks hardly ever wait. The same
/// happens to what can be shed where it takes this service long, if not yet too long for those who matter, if
/// there are any: on a machine that others share, theirs may be the work that it is in the way of. And what
/// nobody waits for, the work in the background, yields to all of them.
struct PriorityAllowance: Sendable {
    private static let interval = Duration.milliseconds(20)
    /// So much of an allowance is left after an interval in which a higher rank had to wait,
    private static let decrease = 0.5
    /// and so much of the whole comes back after another one: all of it in two seconds.
    private static let increase = 0.01

    /// What may be shed is content with this part of what a request may take here.
    private static let content = 0.35
    /// What is done in the background yields where requests take more than this part of it.
    private static let hurried = 0.8
    /// So few say nothing of how long it takes.
    private static let enough = 8.0
    /// However much there is to do, this share of what is done in the background goes on: what is put off for
    /// ever isn't made good.
    private static let least = 0.125
    /// For so long what is critical is reckoned with.
    private static let memory = Duration.seconds(1)
    /// The ranks below this may be shed.
    private static let critical = 2

    private struct Slowness {
        var count = 0.0
        /// Sums of what the latencies were of the allowed ones.
        var share = 0.0

        /// What was seen counts once.
        mutating func isMore(than share: Double) -> Bool {
            guard count >= PriorityAllowance.enough else { return false }
            defer { self = Slowness() }
            return self.share > share * count
        }
    }

    /// By rank, of what it would have: 0 … 1.
    private var shares = SIMD4<Double>(repeating: 1)
    private var next: Instant?
    /// The highest rank that had to wait in this interval.
    private var waited = -1
    private var slowness = [Slowness](repeating: Slowness(), count: Self.critical)
    private var slownessOfAll = Slowness()
    /// When something was last done that can't be shed.
    private var lastCritical: Instant?
    private(set) var background = 1.0

    /// Whoever finds nothing in work may always begin.
    func allowances(_ whole: SIMD4<Int>) -> SIMD4<Int> {
        guard shares.min() < 1 else { return whole }
        return SIMD4((0..<4).map { max(1, Int(Double(whole[$0]) * shares[$0])) })
    }

    mutating func hadToWait(_ rank: Int, at now: Instant) {
        look(at: now)
        waited = max(waited, rank)
    }

    /// Work has ended that queued for so long at this service, and may have queued for so long.
    mutating func ended(_ rank: Int, after queueing: Duration, allowed: Duration, at now: Instant) {
        guard allowed > .zero else { return }
        let share = min(1, queueing / allowed)
        slownessOfAll.count += 1
        slownessOfAll.share += share
        if rank < Self.critical {
            slowness[rank].count += 1
            slowness[rank].share += share
        } else {
            lastCritical = now
        }
        look(at: now)
    }

    /// Time has passed.
    mutating func look(at now: Instant) {
        guard let next else {
            self.next = now.advanced(by: Self.interval)
            return
        }
        guard now >= next else { return }
        // After a quiet time, for all of it.
        let increase = Self.increase * (1 + (next.duration(to: now) / Self.interval).rounded(.down))
        func step(_ share: inout Double, _ yields: Bool) {
            share = yields ? share * Self.decrease : min(1, share + increase)
        }
        let isAlone = lastCritical.map { $0.duration(to: now) > Self.memory } ?? true
        for rank in 0..<4 {
            let isSlow = rank < Self.critical && slowness[rank].isMore(than: Self.content)
            step(&shares[rank], rank < waited || isSlow && !isAlone)
        }
        let isHurried = slownessOfAll.isMore(than: Self.hurried)
        step(&background, waited >= 0 || isHurried)
        background = max(Self.least, background)
        waited = -1
        self.next = now.advanced(by: Self.interval)
    }
}
