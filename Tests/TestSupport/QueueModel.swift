/// A model of the queue in plain values, equivalent to its SQL. Lanes, kinds, keys and ids are numbers, time
/// is milliseconds that the user sets, and nothing waits; a step is linear in the number of messages.
package struct QueueModel: Sendable {
    /// A planted bug that a check has to find.
    package enum Mutant: CaseIterable, Sendable {
        /// A settlement needs no lease.
        case acknowledgesByIdAlone
        /// A leased message can be claimed.
        case ignoresLeases
        /// Two claims of one owner are indistinguishable.
        case forgetsAttempts
        case deliversBlocked
        case neverUnblocks
        case dropsOnUnavailable
        /// Unavailability counts as a refusal.
        case buriesOnUnavailable
        /// A second message with the same id is added.
        case takesRepeats
        /// Leases of a dead worker remain.
        case keepsOldLeases
    }

    package enum State: Sendable, Equatable {
        case waiting(due: Int64)
        case leased(owner: Int64, until: Int64)
        case blocked
        case dead
    }

    package struct Entry: Sendable {
        package let id: Int
        package let lane: Int
        package let kind: Int
        package let key: Int
        package let priority: Int
        package let isOrdered: Bool
        package let created: Int64
        package var state: State
        /// Its last delay.
        package var wait: Int64
        package var attempt: Int64 = 0
        package var tries = 0
        package var failures = 0

        /// When it may be claimed; nil: not by itself.
        package var due: Int64? {
            switch state {
            case .waiting(let due): due
            case .leased(_, let until): until
            case .blocked, .dead: nil
            }
        }
    }

    /// A message as its owner got it.
    package struct Claim: Sendable, Equatable {
        package let id: Int
        package let kind: Int
        package let key: Int
        package let owner: Int64
        package let attempt: Int64
        package let tries: Int
        package let failures: Int

        package init(id: Int, kind: Int, key: Int, owner: Int64, attempt: Int64, tries: Int, failures: Int) {
            self.id = id
            self.kind = kind
            self.key = key
            self.owner = owner
            self.attempt = attempt
            self.tries = tries
            self.failures = failures
        }
    }

    package enum DeliveryResult: Sendable, CaseIterable { case done, unavailable, refused }

    package let lease: Int64
    /// Refusals until a message is dead.
    package let tries: Int
    package let retention: Int64
    package var mutant: Mutant?
    package var now: Int64
    /// Oldest first.
    package private(set) var entries: [Entry] = []
    private var lastId = 0
    private var seen: [Int: Int64] = [:]

    package init(lease: Int64, tries: Int, retention: Int64, now: Int64, mutant: Mutant? = nil) {
        self.lease = lease
        self.tries = tries
        self.retention = retention
        self.now = now
        self.mutant = mutant
    }

    /// - Returns: false if the id is known.
    @discardableResult
    package mutating func enqueue(
        lane: Int, kind: Int, key: Int, delay: Int64 = 0, priority: Int = 0, ordered: Bool = false,
        once id: Int? = nil
    ) -> Bool {
        if let id, !absorb(id) { return false }
        // The SQL tries to insert it first, and a used id is not used again.
        if entries.contains(where: { $0.kind == kind && $0.key == key }) { lastId += 1 }
        remove(kind: kind, key: key)
        lastId += 1
        let isBlocked = ordered && isTaken(lane: lane, key: key)
        entries.append(
            Entry(
                id: lastId, lane: lane, kind: kind, key: key, priority: priority, isOrdered: ordered,
                created: now,
                state: isBlocked ? .blocked : .waiting(due: now + delay), wait: delay))
        return true
    }

    /// The inbox: whether the id is new.
    package mutating func absorb(_ id: Int) -> Bool {
        if let at = seen[id], at > now - retention, mutant != .takesRepeats { return false }
        seen[id] = now
        return true
    }

    package mutating func remove(kind: Int, key: Int) {
        guard let index = entries.firstIndex(where: { $0.kind == kind && $0.key == key }) else { return }
        giveTurn(after: entries.remove(at: index))
    }

    package mutating func expedite(kind: Int, key: Int) {
        guard let index = entries.firstIndex(where: { $0.kind == kind && $0.key == key }) else { return }
        switch entries[index].state {
        case .waiting(let due): entries[index].state = .waiting(due: min(due, now))
        case .blocked: break
        case .leased, .dead: return
        }
        entries[index].wait = 0
    }

    /// Selects the highest priority first, among equals the longest due; returns them oldest first.
    package mutating func claim(lane: Int, owner: Int64, limit: Int) -> [Claim] {
        var due = entries.indices.filter { entries[$0].lane == lane && isClaimable(entries[$0]) }
        due.sort { order(entries[$0]) < order(entries[$1]) }
        due.removeLast(max(0, due.count - limit))
        due.sort { (-entries[$0].priority, entries[$0].id) < (-entries[$1].priority, entries[$1].id) }
        return due.map { index in
            if mutant != .forgetsAttempts || entries[index].attempt == 0 { entries[index].attempt += 1 }
            entries[index].state = .leased(owner: owner, until: now + lease)
            let entry = entries[index]
            return Claim(
                id: entry.id, kind: entry.kind, key: entry.key, owner: owner, attempt: entry.attempt,
                tries: entry.tries,
                failures: entry.failures)
        }
    }

    private func isClaimable(_ entry: Entry) -> Bool {
        switch entry.state {
        case .waiting(let due): due <= now
        case .leased(_, let until): until <= now || mutant == .ignoresLeases
        case .blocked: mutant == .deliversBlocked
        case .dead: false
        }
    }

    private func order(_ entry: Entry) -> (Int, Int64, Int) { (-entry.priority, entry.due ?? now, entry.id) }

    /// - Returns: false if the lease is lost.
    package mutating func extend(_ claim: Claim) -> Bool {
        guard let index = index(of: claim) else { return false }
        entries[index].state = .leased(owner: claim.owner, until: now + lease)
        return true
    }

    /// - Parameter delay: until the next attempt, if one follows.
    /// - Returns: false if the lease is lost.
    package mutating func settle(_ claim: Claim, _ result: DeliveryResult, delay: Int64) -> Bool {
        guard let index = index(of: claim) else { return false }
        var counts = result == .refused
        switch result {
        case .done:
            giveTurn(after: entries.remove(at: index))
            return true
        case .unavailable where mutant == .dropsOnUnavailable:
            entries.remove(at: index)
            return true
        case .unavailable:
            entries[index].failures += 1
            counts = mutant == .buriesOnUnavailable
            if counts { entries[index].tries += 1 }
        case .refused:
            entries[index].tries += 1
        }
        entries[index].wait = delay
        let isDead = counts && entries[index].tries >= tries
        entries[index].state = isDead ? .dead : .waiting(due: now + delay)
        if isDead { giveTurn(after: entries[index]) }
        return true
    }

    private func index(of claim: Claim) -> Int? {
        entries.firstIndex { entry in
            guard entry.id == claim.id else { return false }
            if mutant == .acknowledgesByIdAlone { return true }
            guard case .leased(let owner, _) = entry.state else { return false }
            return owner == claim.owner && entry.attempt == claim.attempt
        }
    }

    /// - Returns: how many dead letters are redriven.
    @discardableResult
    package mutating func redrive() -> Int {
        let dead = entries.indices.filter { entries[$0].state == .dead }
        for index in dead {
            entries[index].state = entries[index].isOrdered ? .blocked : .waiting(due: now)
            entries[index].wait = 0
            entries[index].tries = 0
            entries[index].failures = 0
        }
        for index in dead { giveTurn(after: entries[index]) }
        return dead.count
    }

    /// A process starts, and all others are gone.
    package mutating func takeOver() {
        for index in entries.indices {
            switch entries[index].state {
            case .leased where mutant != .keepsOldLeases:
                entries[index].state = .waiting(due: now)
                entries[index].wait = 0
            case .waiting(let due): entries[index].state = .waiting(due: min(due, now + entries[index].wait))
            case .leased, .blocked, .dead: break
            }
        }
    }

    /// When the next message of the lane is due.
    package func nextDue(lane: Int) -> Int64? {
        entries.lazy.filter { $0.lane == lane }.compactMap(\.due).min()
    }

    private func isTaken(lane: Int, key: Int) -> Bool {
        entries.contains { $0.isOrdered && $0.lane == lane && $0.key == key && $0.due != nil }
    }

    /// Unblocks the longest blocked message of the group, unless another one is active.
    private mutating func giveTurn(after entry: Entry) {
        guard entry.isOrdered, mutant != .neverUnblocks, !isTaken(lane: entry.lane, key: entry.key) else {
            return
        }
        guard
            let index = entries.firstIndex(where: {
                $0.lane == entry.lane && $0.key == entry.key && $0.state == .blocked
            })
        else { return }
        entries[index].state = .waiting(due: max(now, min(entries[index].created, now) + entries[index].wait))
    }
}
