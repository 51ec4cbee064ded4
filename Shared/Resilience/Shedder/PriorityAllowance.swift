/// The AIMD allowance of each priority: how much of its share of the limit a rank may use.
///
/// The fixed shares of ``Priority`` reserve some permits for the higher ranks. Where these need more, lower
/// priority is shed first: while a request of a higher rank has to wait, the allowances of all lower ranks
/// fall fast, and otherwise they come back slowly (additive increase, multiplicative decrease; Chiu and Jain
/// 1989). They settle where the higher ranks hardly ever wait. The allowance of a sheddable rank also falls
/// when its own requests are slow here, as long as critical requests come: on a shared machine it may be
/// slowing down theirs. Background work has the lowest priority of all.
struct PriorityAllowance: Sendable {
    private static let interval = Duration.milliseconds(20)
    /// What is left of an allowance after an interval in which a higher rank had to wait.
    private static let decrease = 0.5
    /// What of the whole comes back after any other interval: all of it in two seconds.
    private static let increase = 0.01

    /// Sheddable requests are slow when they queue for more than this part of what they may.
    private static let content = 0.35
    /// Requests in general are slow when they queue for more than this part: then background work is reduced.
    private static let hurried = 0.8
    /// With fewer requests than this in an interval, the mean says nothing.
    private static let enough = 8.0
    /// This share of the background work goes on, whatever the load: it has to be done at some time.
    private static let least = 0.125
    /// How long a critical request counts as present.
    private static let memory = Duration.seconds(1)
    /// Ranks below this are sheddable.
    private static let critical = 2

    private struct Slowness {
        var count = 0.0
        /// Sum of latencies, each as a share of what was allowed.
        var share = 0.0

        /// Each request counts in one comparison only.
        mutating func isMore(than share: Double) -> Bool {
            guard count >= PriorityAllowance.enough else { return false }
            defer { self = Slowness() }
            return self.share > share * count
        }
    }

    /// By rank, the part of its share of the limit: 0 … 1.
    private var shares = SIMD4<Double>(repeating: 1)
    private var next: Instant?
    /// The highest rank that had to wait in this interval.
    private var waited = -1
    private var slowness = [Slowness](repeating: Slowness(), count: Self.critical)
    private var slownessOfAll = Slowness()
    /// When a critical request last ended.
    private var lastCritical: Instant?
    private(set) var background = 1.0

    /// A rank without requests in work may always begin one.
    func allowances(_ whole: SIMD4<Int>) -> SIMD4<Int> {
        guard shares.min() < 1 else { return whole }
        return SIMD4((0..<4).map { max(1, Int(Double(whole[$0]) * shares[$0])) })
    }

    mutating func hadToWait(_ rank: Int, at now: Instant) {
        look(at: now)
        waited = max(waited, rank)
    }

    /// A request has ended that queued at this service for `queueing`, of the `allowed` time.
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
        // After a quiet time, for all intervals of it.
        let increase = Self.increase * (1 + (next.duration(to: now) / Self.interval).rounded(.down))
        func step(_ share: inout Double, _ isReduced: Bool) {
            share = isReduced ? share * Self.decrease : min(1, share + increase)
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
