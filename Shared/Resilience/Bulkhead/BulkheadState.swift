/// A bulkhead's decisions, without lock or waiting: which call starts, which waits, which is refused.
struct BulkheadState: Sendable {
    struct Waiter: Sendable, Equatable {
        var id: UInt64
        var priority: Priority
    }

    enum Entry: Sendable, Equatable {
        /// It waits; if the queue was full, the last waiting call was replaced.
        case waiting(instead: UInt64?)
        case full
    }

    private(set) var configuration: Bulkhead.Configuration
    private(set) var inUse = 0
    /// The highest priority first, within it the longest waiting.
    private(set) var waiters: [Waiter] = []
    private(set) var refused = 0

    init(_ configuration: Bulkhead.Configuration) { self.configuration = configuration }

    /// Takes a permit if one is free and no call waits before this one.
    mutating func acquire(_ priority: Priority) -> Bool {
        guard inUse < share(of: priority), waiters.first.map({ $0.priority < priority }) ?? true else {
            return false
        }
        inUse += 1
        return true
    }

    mutating func enter(_ id: UInt64, _ priority: Priority) -> Entry {
        var instead: UInt64?
        if waiters.count >= configuration.waiting {
            guard let last = waiters.last, last.priority < priority else {
                refused += 1
                return .full
            }
            waiters.removeLast()
            refused += 1
            instead = last.id
        }
        // From the back: with equal priorities the index is the last, however many wait.
        let index = (waiters.lastIndex { $0.priority >= priority } ?? -1) + 1
        waiters.insert(Waiter(id: id, priority: priority), at: index)
        return .waiting(instead: instead)
    }

    /// A waiting call leaves. False: it no longer waits.
    mutating func leave(_ id: UInt64) -> Bool {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return false }
        waiters.remove(at: index)
        return true
    }

    mutating func countRefused() { refused += 1 }

    /// Gives a permit back; returns the calls that get one now.
    mutating func release() -> [UInt64] {
        inUse -= 1
        return admit()
    }

    /// Returns the calls that get a permit now, and those for which the queue has become too small. Calls
    /// under way are not affected.
    mutating func reconfigure(_ new: Bulkhead.Configuration) -> (admitted: [UInt64], refused: [UInt64]) {
        configuration = new
        let admitted = admit()
        let surplus = waiters.suffix(max(0, waiters.count - new.waiting)).map(\.id)
        waiters.removeLast(surplus.count)
        refused += surplus.count
        return (admitted, surplus)
    }

    /// The first one has the largest share: if it can't start, none behind it can.
    private mutating func admit() -> [UInt64] {
        var admitted: [UInt64] = []
        while let first = waiters.first, inUse < share(of: first.priority) {
            waiters.removeFirst()
            inUse += 1
            admitted.append(first.id)
        }
        return admitted
    }

    private func share(of priority: Priority) -> Int {
        priority >= configuration.reservedFrom
            ? configuration.limit : configuration.limit - configuration.reserved
    }
}
