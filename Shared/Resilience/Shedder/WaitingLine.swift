/// Who waits at a ``Shedder``: by rank, within a rank in the order of arrival, without clock or lock.
///
/// The line of a rank **stands** when somebody of that rank or a higher one has been waiting all through the last ``patience``,
/// and until nobody has for as long: then it is no burst that passes, and whoever waits much longer has a caller who has given up. So the time that
/// anybody may wait becomes short, and the newest goes first – CoDel's idea (Nichols and Jacobson, 2012) in the form that
/// Facebook gave it ("Fail at Scale", Maurer, 2015), together with its adaptive LIFO.
struct WaitingLine<Waiter: Sendable>: Sendable {
    struct Entry: Sendable {
        let id: UInt64
        let waiter: Waiter
        let rank: Int
        let kind: Int
        let since: Moment
        let deadline: Moment?
    }

    /// How long one may wait in a line that doesn't stand.
    let patience: Duration
    /// How long in one that does.
    var shortPatience: Duration { patience / 10 }
    /// Entries at most, all ranks together.
    let places: Int

    /// By rank, the longest waiting first.
    private var lines: [[Entry]] = [[], [], [], []]
    /// By rank: since when somebody of this rank or a higher one has been waiting without a break, and since when nobody has.
    private var since: [Moment?] = [nil, nil, nil, nil]
    private var emptied: [Moment?] = [nil, nil, nil, nil]
    private(set) var count = 0

    init(patience: Duration, places: Int) {
        self.patience = patience
        self.places = places
    }

    var isEmpty: Bool { count == 0 }

    /// The highest rank of which somebody waits.
    var highest: Int? { count == 0 ? nil : lines.lastIndex { !$0.isEmpty } }

    func count(rank: Int) -> Int { lines[rank].count }

    func stands(rank: Int, at now: Moment) -> Bool {
        emptied[rank] == nil && since[rank].map { $0.duration(to: now) >= patience } ?? false
    }

    /// - Returns: who has to make way, the new one itself perhaps: where there are too many, one of the lowest rank, the longest
    ///   waiting of it.
    mutating func enter(_ entry: Entry, at now: Moment) -> Entry? {
        if count >= places, let lowest = lines.firstIndex(where: { !$0.isEmpty }) {
            if entry.rank < lowest { return entry }
            let gone = lines[lowest].removeFirst()
            count -= 1
            insert(entry, at: now)
            return gone
        }
        insert(entry, at: now)
        return nil
    }

    private mutating func insert(_ entry: Entry, at now: Moment) {
        lines[entry.rank].append(entry)
        count += 1
        for lower in 0...entry.rank where since[lower] == nil || emptied[lower] != nil {
            if !stoodUntilNow(lower, now) { since[lower] = now }
            emptied[lower] = nil
        }
    }

    /// Whether it stood when it became empty, not long ago.
    private func stoodUntilNow(_ rank: Int, _ now: Moment) -> Bool {
        guard let since = since[rank], let emptied = emptied[rank] else { return false }
        return since.duration(to: emptied) >= patience && emptied.duration(to: now) < patience
    }

    /// Whose turn it is in this line.
    mutating func next(rank: Int, at now: Moment) -> Entry? {
        guard !lines[rank].isEmpty else { return nil }
        let entry = stands(rank: rank, at: now) ? lines[rank].removeLast() : lines[rank].removeFirst()
        removed(1, at: now)
        return entry
    }

    /// One who has gone away. Nil: it wasn't waiting any more.
    mutating func leave(_ id: UInt64, rank: Int, at now: Moment) -> Entry? {
        guard let index = lines[rank].firstIndex(where: { $0.id == id }) else { return nil }
        let entry = lines[rank].remove(at: index)
        removed(1, at: now)
        return entry
    }

    /// Takes out who has waited too long. Whoever is sent away takes all of the lower ranks along: they matter less, and their
    /// turn would not have come.
    mutating func impatient(at now: Moment) -> [Entry] {
        var gone: [Entry] = []
        for rank in (0...3).reversed() where !lines[rank].isEmpty {
            if !gone.isEmpty {
                gone += lines[rank]
                lines[rank] = []
                continue
            }
            let limit = stands(rank: rank, at: now) ? shortPatience : patience
            let late = lines[rank].prefix { $0.since.duration(to: now) >= limit }
            guard !late.isEmpty else { continue }
            gone += late
            lines[rank].removeFirst(late.count)
        }
        removed(gone.count, at: now)
        return gone
    }

    /// Takes out whose deadline has passed.
    mutating func overdue(at now: Moment) -> [Entry] {
        var gone: [Entry] = []
        for rank in 0...3 where lines[rank].contains(where: { $0.isOverdue(at: now) }) {
            gone += lines[rank].filter { $0.isOverdue(at: now) }
            lines[rank].removeAll { $0.isOverdue(at: now) }
        }
        removed(gone.count, at: now)
        return gone
    }

    private mutating func removed(_ number: Int, at now: Moment) {
        guard number > 0 else { return }
        count -= number
        var isWaited = false
        for rank in (0...3).reversed() {
            isWaited = isWaited || !lines[rank].isEmpty
            if !isWaited, emptied[rank] == nil { emptied[rank] = now }
        }
    }
}

extension WaitingLine.Entry {
    func isOverdue(at now: Moment) -> Bool { deadline.map { $0 <= now } ?? false }
}
