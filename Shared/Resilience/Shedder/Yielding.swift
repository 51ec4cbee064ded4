/// How much room who matters less leaves to who matters more.
///
/// The shares of the limit that ``Priority`` gives keep some places for the higher ranks, but where these need more, every place
/// that a lower rank has is one too many: so while anybody of a higher rank has to wait, a rank's allowance becomes smaller, fast,
/// and otherwise it comes back, slowly (additive increase, multiplicative decrease; Chiu and Jain 1989). It settles where the
/// higher ranks hardly ever wait.
struct Yielding: Sendable {
    private static let interval = Duration.milliseconds(20)
    /// So much of an allowance is left after an interval in which a higher rank had to wait,
    private static let decrease = 0.5
    /// and so much of the whole comes back after another one: all of it in two seconds.
    private static let increase = 0.01

    /// By rank, of what it would have: 0 … 1.
    private var shares = SIMD4<Double>(repeating: 1)
    private var next: Moment?
    /// The highest rank that had to wait in this interval.
    private var waited = -1

    /// Whoever finds nothing in work may always begin.
    func allowances(_ whole: SIMD4<Int>) -> SIMD4<Int> {
        guard shares.min() < 1 else { return whole }
        return SIMD4((0..<4).map { max(1, Int(Double(whole[$0]) * shares[$0])) })
    }

    mutating func hadToWait(_ rank: Int, at now: Moment) {
        look(at: now)
        waited = max(waited, rank)
    }

    /// Time has passed.
    mutating func look(at now: Moment) {
        guard let next else {
            self.next = now.advanced(by: Self.interval)
            return
        }
        guard now >= next else { return }
        for rank in 0..<4 {
            shares[rank] = rank < waited ? shares[rank] * Self.decrease : min(1, shares[rank] + Self.increase)
        }
        waited = -1
        self.next = now.advanced(by: Self.interval)
    }
}
