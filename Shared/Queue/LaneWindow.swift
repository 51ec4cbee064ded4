/// How many messages of a lane may be in delivery at once, decided from the results of the last ones.
///
/// When as many deliveries in a row as the window is wide get no answer, the destination is taken for dead:
/// the window falls to one, and the lane pauses before it tries that one. Once it answers, the window grows
/// to 2, 4, … up to the lane's concurrency, each time after as many answers as it is wide, so that a service
/// that just came back isn't flooded.
struct LaneWindow: Sendable {
    let concurrency: Int
    private(set) var size: Int
    /// Counts how often the destination was taken for dead. A delivery that began in an earlier era says
    /// nothing about this one.
    private(set) var era = 0
    /// How often it was taken for dead since it last answered.
    private(set) var deaths = 0
    /// The part of the concurrency that may be used now: 0 … 1.
    var share = 1.0
    private var answered = 0
    private var unansweredInARow = 0

    init(concurrency: Int) {
        self.concurrency = max(1, concurrency)
        size = self.concurrency
    }

    func room(besides inDelivery: Int) -> Int {
        let allowed = max(1, Int(Double(concurrency) * max(0, min(share, 1))))
        return max(0, min(size, allowed) - inDelivery)
    }

    mutating func answered(era: Int) {
        guard era == self.era else { return }
        deaths = 0
        unansweredInARow = 0
        guard size < concurrency else { return }
        answered += 1
        if answered == size {
            size = min(2 * size, concurrency)
            answered = 0
        }
    }

    /// - Returns: whether the destination is taken for dead now, so that the lane has to pause.
    mutating func unanswered(era: Int) -> Bool {
        guard era == self.era else { return false }
        unansweredInARow += 1
        guard unansweredInARow >= size else { return false }
        size = 1
        self.era += 1
        deaths += 1
        answered = 0
        unansweredInARow = 0
        return true
    }
}
