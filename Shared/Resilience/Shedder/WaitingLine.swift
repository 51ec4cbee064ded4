/// Who waits at a ``Shedder``: by rank, within a rank in the order of arrival, without clock or lock.
///
/// The line of a rank **stands** when somebody of that rank or a higher one has been waiting all through a
/// quarter of the ``maximumQueueTime``, it hasn't become shorter meanwhile, and somebody has been waiting for longer
/// than the ``shortQueueTime``; and until nobody has been waiting for as long. Then it is no crowd that is
/// being worked off, nor customers who come again as soon as they are served, and whoever waits much longer
/// has a caller who has given up. So the time that anybody may wait becomes short, the newest goes first, and
/// no more are let into it than have a chance – CoDel's idea (Nichols and Jacobson, 2012) in the form that
/// Facebook gave it ("Fail at Scale", Maurer, 2015), together with its adaptive LIFO.
struct WaitingLine<Waiter: Sendable>: Sendable {
    struct Entry: Sendable {
        let id: UInt64
        let waiter: Waiter
        let rank: Int
        /// How long its caller waits, from `since`.
        let maximumQueueTime: Duration
        let since: Instant
        let deadline: Instant?
    }

    /// A rank and all above it.
    private struct Standing {
        /// Since when somebody has been waiting without a break, or the line was last found to become
        /// shorter; and since when nobody has.
        var since: Instant?
        var emptied: Instant?
        /// The most that waited since then.
        var peak = 0
        var stands = false
    }

    /// How long one may wait in a line that doesn't stand.
    var maximumQueueTime: Duration
    /// Entries at most, all ranks together.
    var places: Int
    /// By rank, the longest waiting first.
    private var lines: [[Entry]] = [[], [], [], []]
    private var standings = [Standing](repeating: Standing(), count: 4)
    private(set) var count = 0

    init(maximumQueueTime: Duration, places: Int) {
        self.maximumQueueTime = maximumQueueTime
        self.places = places
    }

    /// How long one may wait in a line that stands.
    var shortQueueTime: Duration { maximumQueueTime / 10 }
    /// After which it is found out whether the line stands.
    private var interval: Duration { maximumQueueTime / 4 }

    var isEmpty: Bool { count == 0 }

    /// The highest rank of which somebody waits.
    var highest: Int? { count == 0 ? nil : lines.lastIndex { !$0.isEmpty } }

    func count(rank: Int) -> Int { lines[rank].count }

    private func isLate(from rank: Int, at now: Instant) -> Bool {
        lines[rank...].contains { $0.first.map { $0.since.duration(to: now) > shortQueueTime } ?? false }
    }

    private func count(from rank: Int) -> Int { lines[rank...].reduce(0) { $0 + $1.count } }

    func stands(rank: Int) -> Bool { standings[rank].stands }

    enum Entrance {
        case entered
        /// Someone else has to make way: where there are too many, one of the lowest rank, the longest
        /// waiting of it.
        case instead(of: Entry)
        /// Too many wait who matter as much. Those who matter less are sent away with it: their turn would
        /// not have come.
        case full(along: [Entry])
    }

    /// - Parameter chances: how many have a chance to be let in before they have waited too long, where the line
    ///   stands.
    mutating func enter(_ entry: @autoclosure () -> Entry, rank: Int, chances: Int, at now: Instant)
        -> Entrance
    {
        look(at: now)
        if standings[rank].stands, count(from: rank) >= chances {
            let along = lines[..<rank].flatMap(\.self)
            if !along.isEmpty { for lower in 0..<rank { lines[lower] = [] } }
            removed(along.count, at: now)
            return .full(along: along)
        }
        guard count >= places else {
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
            standings[rank].emptied = nil
            if standings[rank].since == nil { standings[rank].since = now }
            standings[rank].peak = max(standings[rank].peak, count(from: rank))
        }
    }

    /// Whose turn it is in this line.
    mutating func next(rank: Int, at now: Instant) -> Entry? {
        guard !lines[rank].isEmpty else { return nil }
        let entry = stands(rank: rank) ? lines[rank].removeLast() : lines[rank].removeFirst()
        removed(1, at: now)
        return entry
    }

    /// One who has gone away. Nil: it wasn't waiting any more.
    mutating func leave(_ id: UInt64, rank: Int, at now: Instant) -> Entry? {
        guard let index = lines[rank].firstIndex(where: { $0.id == id }) else { return nil }
        let entry = lines[rank].remove(at: index)
        removed(1, at: now)
        return entry
    }

    /// Takes out who has waited too long. Whoever is sent away takes all of the lower ranks along: they
    /// matter less, and their turn would not have come.
    mutating func impatient(at now: Instant) -> [Entry] {
        look(at: now)
        var gone: [Entry] = []
        for rank in (0...3).reversed() where !lines[rank].isEmpty {
            if !gone.isEmpty {
                gone += lines[rank]
                lines[rank] = []
                continue
            }
            let limit = stands(rank: rank) ? shortQueueTime : maximumQueueTime
            let late = lines[rank].prefix { $0.since.duration(to: now) >= limit }
            guard !late.isEmpty else { continue }
            gone += late
            lines[rank].removeFirst(late.count)
        }
        removed(gone.count, at: now)
        return gone
    }

    /// Takes out whose deadline has passed.
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
            if !isWaited, standings[rank].emptied == nil { standings[rank].emptied = now }
        }
    }

    /// Finds out which lines stand.
    private mutating func look(at now: Instant) {
        for rank in 0...3 {
            guard let since = standings[rank].since else { continue }
            if let emptied = standings[rank].emptied {
                if emptied.duration(to: now) >= (standings[rank].stands ? interval : .zero) {
                    standings[rank] = Standing()
                }
            } else if !standings[rank].stands, since.duration(to: now) >= interval {
                let left = count(from: rank)
                if left * 10 < standings[rank].peak * 9 || !isLate(from: rank, at: now) {
                    standings[rank].since = now
                    standings[rank].peak = left
                } else {
                    standings[rank].stands = true
                }
            }
        }
    }
}

extension WaitingLine.Entry {
    func isOverdue(at now: Instant) -> Bool { deadline.map { $0 <= now } ?? false }
}
