/// The outcomes that a breaker's rates are taken over: of the last calls, or of the last slices of time.
struct OutcomeWindow: Sendable {
    /// Calls, and how many of them failed and were slow (one can be both).
    struct Tally: Sendable, Equatable {
        var calls = 0
        var failures = 0
        var slow = 0
    }

    static let slices = 10

    private(set) var tally = Tally()
    private let span: CircuitBreaker.Configuration.Window

    /// The last calls, from `next` round to the youngest once the ring is full.
    private var ring: [Tally] = []
    private var next = 0

    /// The counts of each slice of time; slice number `current` is the youngest.
    private var slices: [Tally] = []
    private var current = 0
    private let start: ContinuousClock.Instant

    init(_ span: CircuitBreaker.Configuration.Window, now: ContinuousClock.Instant) {
        self.span = span
        start = now
        if case .time = span { slices = Array(repeating: Tally(), count: Self.slices) }
    }

    /// When the youngest slice of time ends; nil for a window of calls.
    var sliceEnd: ContinuousClock.Instant? {
        guard case .time(let time) = span else { return nil }
        return start.advanced(by: time * (current + 1) / Self.slices)
    }

    mutating func add(failed: Bool, slow: Bool, now: ContinuousClock.Instant) {
        advance(to: now)
        add(Tally(calls: 1, failures: failed ? 1 : 0, slow: slow ? 1 : 0))
    }

    /// `count` plain successes, all before the youngest slice's end.
    mutating func add(successes count: Int) {
        switch span {
        case .calls(let size): for _ in 0..<min(count, size) { add(Tally(calls: 1)) }
        case .time: add(Tally(calls: count))
        }
    }

    /// Drops what has left the window of time.
    mutating func advance(to now: ContinuousClock.Instant) {
        guard case .time(let time) = span else { return }
        let reached = Int(min(start.duration(to: now) / (time / Self.slices), 1e15))
        guard reached > current else { return }
        for number in max(current + 1, reached - Self.slices + 1)...reached {
            tally -= slices[number % Self.slices]
            slices[number % Self.slices] = Tally()
        }
        current = reached
    }

    private mutating func add(_ added: Tally) {
        tally += added
        switch span {
        case .time:
            slices[current % Self.slices] += added
        case .calls(let size) where ring.count < size:
            ring.append(added)
        case .calls(let size):
            tally -= ring[next]
            ring[next] = added
            next = (next + 1) % size
        }
    }
}

extension OutcomeWindow.Tally {
    static func += (left: inout Self, right: Self) {
        left = Self(
            calls: left.calls + right.calls, failures: left.failures + right.failures,
            slow: left.slow + right.slow)
    }

    static func -= (left: inout Self, right: Self) {
        left = Self(
            calls: left.calls - right.calls, failures: left.failures - right.failures,
            slow: left.slow - right.slow)
    }
}
