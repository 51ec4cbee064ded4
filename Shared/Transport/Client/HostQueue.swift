/// How many calls are under way to each host; those over the limit wait, first come first served.
///
/// libcurl could keep such a queue itself, but minds no timeout in it, and can forget a call there.
struct HostQueue {
    private struct Host {
        var underWay = 0
        var waiting: [UInt64] = []
    }

    private let limit: Int
    private var hosts: [String: Host] = [:]
    private(set) var waitingCount = 0

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// True when the call may start at once; otherwise it waits for its turn.
    mutating func enter(_ id: UInt64, to host: String) -> Bool {
        if hosts[host, default: Host()].underWay < limit {
            hosts[host, default: Host()].underWay += 1
            return true
        }
        hosts[host, default: Host()].waiting.append(id)
        waitingCount += 1
        return false
    }

    /// A call that was under way is over; returns the one that starts in its place.
    mutating func leave(_ host: String) -> UInt64? {
        if hosts[host]?.waiting.isEmpty == false {
            waitingCount -= 1
            return hosts[host]?.waiting.removeFirst()
        }
        hosts[host]?.underWay -= 1
        if hosts[host]?.underWay == 0 { hosts[host] = nil }
        return nil
    }

    /// A call that was waiting is over.
    mutating func giveUp(_ id: UInt64, to host: String) {
        guard let index = hosts[host]?.waiting.firstIndex(of: id) else { return }
        hosts[host]?.waiting.remove(at: index)
        waitingCount -= 1
    }
}
