/// The queue of a ``Shedder``: by rank, within a rank in the order of arrival, without clock or lock.
///
/// A rank has a **standing queue** when requests of that rank or a higher one have been waiting without a
/// break for a quarter of the ``maximumQueueTime``, the queue hasn't become shorter meanwhile, and one has
/// been waiting for longer than the ``shortQueueTime``; it stays so until none has waited for as long. Such a
/// queue is no burst that is being served, nor customers who come again as soon as they are served: most of
/// its callers give up before their turn. So the queue time becomes short, the newest goes first, and the
/// queue holds only as many as can still be admitted: CoDel (Nichols and Jacobson, 2012) in Facebook's form
/// ("Fail at Scale", Maurer, 2015), with its adaptive LIFO.
struct WaitingLine<Waiter: Sendable>: Sendable {
    struct Entry: Sendable {
        let id: UInt64
        let waiter: Waiter
        let rank: Int
        /// How long its caller waits, from `since`.
        let callerWait: Duration
        let since: Instant
        let deadline: Instant?
    }

    /// Of a rank and all above it.
    private struct Backlog {
        /// Since when requests have been waiting without a break, or the queue last became shorter; and since
        /// when none has.
        var since: Instant?
        var emptied: Instant?
        /// The most that have waited since then.
        var peak = 0
        var isStanding = false
    }

    /// The longest wait in a queue that isn't standing.
    var maximumQueueTime: Duration
    /// Entries at most, all ranks together.
    var capacity: Int
    /// By rank, the longest waiting first.
    private var lines: [[Entry]] = [[], [], [], []]
    private var backlogs = [Backlog](repeating: Backlog(), count: 4)
    private(set) var count = 0

    init(maximumQueueTime: Duration, capacity: Int) {
        self.maximumQueueTime = maximumQueueTime
        self.capacity = capacity
    }

    /// The longest wait in a standing queue.
    var shortQueueTime: Duration { maximumQueueTime / 10 }
    /// How long a queue is watched before it counts as standing.
    private var interval: Duration { maximumQueueTime / 4 }

    var isEmpty: Bool { count == 0 }

    /// The highest rank with a waiting request.
    var highest: Int? { count == 0 ? nil : lines.lastIndex { !$0.isEmpty } }

    func count(rank: Int) -> Int { lines[rank].count }

    private func isLate(from rank: Int, at now: Instant) -> Bool {
        lines[rank...].contains { $0.first.map { $0.since.duration(to: now) > shortQueueTime } ?? false }
    }

    private func count(from rank: Int) -> Int { lines[rank...].reduce(0) { $0 + $1.count } }

    func isStanding(rank: Int) -> Bool { backlogs[rank].isStanding }

    enum Entrance {
        case entered
        /// Another request has to leave: the queue was full, and this is the longest waiting of the lowest
        /// rank.
        case instead(of: Entry)
        /// The queue is full at this rank and above. The lower ranks are refused with it: their turn would
        /// not have come.
        case full(along: [Entry])
    }

    /// - Parameter standingLimit: how many may wait in a standing queue, so that all of them can be admitted
    ///   within its short queue time.
    mutating func enter(_ entry: @autoclosure () -> Entry, rank: Int, standingLimit: Int, at now: Instant)
        -> Entrance
    {
        look(at: now)
        if backlogs[rank].isStanding, count(from: rank) >= standingLimit {
            let along = lines[..<rank].flatMap(\.self)
            if !along.isEmpty { for lower in 0..<rank { lines[lower] = [] } }
            removed(along.count, at: now)
            return .full(along: along)
        }
        guard count >= capacity else {
            insert(entry(), at: now)
            return .entered
        }
        guard let lowest = lines.firstIndex(where: { !$0.isEmpty }), lowest < rank else {
            return .full(along: [])
        }
        let gone = lines[lowest].removeFirst()
        count -= 1
        insert(entry(), at: now)
        return .instead(of: gone)
    }

    private mutating func insert(_ entry: Entry, at now: Instant) {
        lines[entry.rank].append(entry)
        count += 1
        for rank in 0...entry.rank {
            backlogs[rank].emptied = nil
            if backlogs[rank].since == nil { backlogs[rank].since = now }
            backlogs[rank].peak = max(backlogs[rank].peak, count(from: rank))
        }
    }

    /// The next request of this rank.
    mutating func next(rank: Int, at now: Instant) -> Entry? {
        guard !lines[rank].isEmpty else { return nil }
        let entry = isStanding(rank: rank) ? lines[rank].removeLast() : lines[rank].removeFirst()
        removed(1, at: now)
        return entry
    }

    /// Removes a request that has gone away. Nil: it wasn't waiting any more.
    mutating func leave(_ id: UInt64, rank: Int, at now: Instant) -> Entry? {
        guard let index = lines[rank].firstIndex(where: { $0.id == id }) else { return nil }
        let entry = lines[rank].remove(at: index)
        removed(1, at: now)
        return entry
    }

    /// Removes the requests that have waited too long, and with them all of lower ranks: their turn would not
    /// have come.
    mutating func waitedTooLong(at now: Instant) -> [Entry] {
        look(at: now)
        var gone: [Entry] = []
        for rank in (0...3).reversed() where !lines[rank].isEmpty {
            if !gone.isEmpty {
                gone += lines[rank]
                lines[rank] = []
                continue
            }
            let limit = isStanding(rank: rank) ? shortQueueTime : maximumQueueTime
            let late = lines[rank].prefix { $0.since.duration(to: now) >= limit }
            guard !late.isEmpty else { continue }
            gone += late
            lines[rank].removeFirst(late.count)
        }
        removed(gone.count, at: now)
        return gone
    }

    /// Removes the requests whose deadline has passed.
    mutating func overdue(at now: Instant) -> [Entry] {
        var gone: [Entry] = []
        for rank in 0...3 where lines[rank].contains(where: { $0.isOverdue(at: now) }) {
            gone += lines[rank].filter { $0.isOverdue(at: now) }
            lines[rank].removeAll { $0.isOverdue(at: now) }
        }
        removed(gone.count, at: now)
        return gone
    }

    private mutating func removed(_ number: Int, at now: Instant) {
        guard number > 0 else { return }
        count -= number
        var isWaited = false
        for rank in (0...3).reversed() {
            isWaited = isWaited || !lines[rank].isEmpty
            if !isWaited, backlogs[rank].emptied == nil { backlogs[rank].emptied = now }
        }
    }

    /// Finds out which queues are standing.
    private mutating func look(at now: Instant) {
        for rank in 0...3 {
            guard let since = backlogs[rank].since else { continue }
            if let emptied = backlogs[rank].emptied {
                if emptied.duration(to: now) >= (backlogs[rank].isStanding ? interval : .zero) {
                    backlogs[rank] = Backlog()
                }
            } else if !backlogs[rank].isStanding, since.duration(to: now) >= interval {
                let left = count(from: rank)
                if left * 10 < backlogs[rank].peak * 9 || !isLate(from: rank, at: now) {
                    backlogs[rank].since = now
                    backlogs[rank].peak = left
                } else {
                    backlogs[rank].isStanding = true
                }
            }
        }
    }
}

extension WaitingLine.Entry {
    func isOverdue(at now: Instant) -> Bool { deadline.map { $0 <= now } ?? false }
}
