import Contracts

/// Orders that were answered 503 in the last minute: an incident counts those since it started, and it starts
/// before it is detected.
struct Refusals: Sendable {
    struct Count: Sendable {
        var at: Timestamp
        var orders: Int
    }

    private static let kept = 60

    private var last: Double?
    private(set) var counts: [Count] = []

    /// - Parameter total: of the counter, which begins again with its process; nil: not known.
    mutating func add(_ total: Double?, at: Timestamp) {
        guard let total else { return }
        defer { last = total }
        guard let last else { return }
        counts.append(Count(at: at, orders: Int(total >= last ? total - last : total)))
        if counts.count > Self.kept { counts.removeFirst() }
    }
}
