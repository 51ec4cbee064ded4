import Resilience

/// How many calls are under way to each host. Those over the limit wait: the higher priority first, and among
/// equals the longest waiting. A quarter of the connections is reserved for higher priorities.
///
/// libcurl could keep such a queue itself, but ignores timeouts in it, and can forget a call there.
struct HostQueue {
    private struct Waiter {
        var id: UInt64
        var priority: Priority
    }

    private struct Host {
        var underWay = 0
        /// In the order of their turn.
        var waiting: [Waiter] = []
    }

    /// Calls of this priority may take every connection, others all but a quarter.
    static let reservedFrom = Priority(rank: 2)

    private let limit: Int
    private var hosts: [String: Host] = [:]
    private(set) var waitingCount = 0

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    private func limit(for priority: Priority) -> Int {
        priority < Self.reservedFrom ? limit - limit / 4 : limit
    }

    /// True when the call may start at once; otherwise it waits for its turn.
    mutating func enter(_ id: UInt64, to host: String, _ priority: Priority) -> Bool {
        if hosts[host, default: Host()].underWay < limit(for: priority) {
            hosts[host, default: Host()].underWay += 1
            return true
        }
        let waiting = hosts[host, default: Host()].waiting
        let permit = waiting.firstIndex { $0.priority < priority } ?? waiting.count
        hosts[host, default: Host()].waiting.insert(Waiter(id: id, priority: priority), at: permit)
        waitingCount += 1
        return false
    }

    /// A call that was under way is over; returns the call that starts next.
    mutating func leave(_ host: String) -> UInt64? {
        hosts[host]?.underWay -= 1
        guard let left = hosts[host] else { return nil }
        if let next = left.waiting.first, left.underWay < limit(for: next.priority) {
            hosts[host]?.waiting.removeFirst()
            hosts[host]?.underWay += 1
            waitingCount -= 1
            return next.id
        }
        if left.underWay == 0, left.waiting.isEmpty { hosts[host] = nil }
        return nil
    }

    /// A call that was waiting is over.
    mutating func giveUp(_ id: UInt64, to host: String) {
        guard let index = hosts[host]?.waiting.firstIndex(where: { $0.id == id }) else { return }
        hosts[host]?.waiting.remove(at: index)
        waitingCount -= 1
    }
}
