/// Which calls may pass under the limit, and how many have: without clock or lock.
@usableFromInline
struct AdaptiveLimitState: Sendable {
    /// The limit has changed by enough to be reported.
    struct Change: Sendable, Equatable {
        var from: Int
        var to: Int
    }

    private(set) var search: LimitSearch
    private(set) var inFlight = 0
    /// By rank.
    private(set) var refused = SIMD4<Int>.zero
    /// Up to how many calls in flight each rank may begin one.
    private var allowances = SIMD4<Int>.zero
    /// The limit that was last reported.
    private var reported: Int

    init(_ configuration: AdaptiveLimit.Configuration) {
        search = LimitSearch(configuration)
        reported = search.limit
        share()
    }

    var limit: Int { search.limit }

    mutating func reconfigure(_ configuration: AdaptiveLimit.Configuration) -> Change? {
        search.reconfigure(configuration)
        share()
        return change()
    }

    mutating func tryAcquire(rank: Int) -> Bool {
        let rank = max(0, min(rank, 3))
        guard inFlight < allowances[rank] else {
            refused[rank] &+= 1
            search.refused()
            return false
        }
        inFlight += 1
        search.began(inFlight: inFlight)
        return true
    }

    mutating func release(_ health: Disposition.Health, after latency: Duration) -> Change? {
        inFlight -= 1
        guard health != .unknown else {
            search.left(inFlight: inFlight)
            return nil
        }
        let before = search.limit
        search.ended(failed: health == .faulty, after: max(.zero, latency), inFlight: inFlight)
        guard search.limit != before else { return nil }
        share()
        return change()
    }

    private mutating func share() { allowances = Self.allowances(under: search.limit) }

    /// Up to how many calls in flight each rank may begin one.
    static func allowances(under limit: Int) -> SIMD4<Int> {
        SIMD4(max(1, limit / 2), max(1, limit * 3 / 4), max(1, limit * 9 / 10), limit)
    }

    /// A limit that is only a probe isn't reported.
    private mutating func change() -> Change? {
        let limit = search.limit
        guard !search.isProbing, abs(limit - reported) * 10 >= reported, limit != reported else { return nil }
        defer { reported = limit }
        return Change(from: reported, to: limit)
    }
}
