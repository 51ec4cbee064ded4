import Foundation

@testable import Queue

/// The queue's table as plain values, operation by operation as the SQL of `DurableQueue` and `LaneClaims` has it.
struct QueueModel {
    enum State: Equatable {
        /// From `due` on it may be claimed.
        case waiting(due: Int64)
        case leased(owner: Int64, until: Int64)
        case blocked
        case dead
    }

    struct Entry {
        var id: Int64
        var lane: String
        var kind: String
        var key: String
        var payload: Data
        var priority: Int
        var isOrdered: Bool
        var state: State
        var wait: Int64
        var attempt: Int64 = 0
        var tries = 0
        var failures = 0
        var reason: String?
        var createdAt: Int64

        /// When it may be claimed: a waiting one's moment, or the end of a lease that ran out.
        var claimableFrom: Int64? {
            switch state {
            case .waiting(let due): due
            case .leased(_, let until): until
            case .blocked, .dead: nil
            }
        }
    }

    /// What a settlement does to its message.
    enum Settlement {
        case done
        case unavailable(String, wait: Int64)
        case refused(String, wait: Int64, tries: Int)
    }

    /// By id, which is the order in which they were added.
    private(set) var entries: [Entry] = []
    private var lastId: Int64 = 0
    private var seen: Set<String> = []

    mutating func enqueue(
        lane: String, kind: String, key: String, payload: Data = Data(), delay: Int64 = 0, priority: Int = 0,
        isOrdered: Bool = false, once id: String? = nil, now: Int64
    ) {
        if let id, !seen.insert(id).inserted { return }
        remove(kind: kind, key: key, now: now)
        lastId += 1
        let isBlocked = isOrdered && isTaken(lane: lane, key: key)
        entries.append(
            Entry(
                id: lastId, lane: lane, kind: kind, key: key, payload: payload, priority: priority, isOrdered: isOrdered,
                state: isBlocked ? .blocked : .waiting(due: now + delay), wait: delay, createdAt: now))
    }

    mutating func remove(kind: String, key: String, now: Int64) {
        guard let index = entries.firstIndex(where: { $0.key == key && $0.kind == kind }) else { return }
        let removed = entries.remove(at: index)
        if removed.isOrdered { promote(lane: removed.lane, key: key, now: now) }
    }

    mutating func hasten(kind: String, key: String, now: Int64) {
        guard let index = entries.firstIndex(where: { $0.key == key && $0.kind == kind }) else { return }
        switch entries[index].state {
        case .waiting(let due): entries[index].state = .waiting(due: min(due, now))
        case .blocked: break
        case .leased, .dead: return
        }
        entries[index].wait = 0
    }

    /// - Parameter ignoringLeases: a planted bug.
    mutating func claim(
        lane: String, owner: Int64, until end: Int64, limit: Int, now: Int64, ignoringLeases: Bool = false
    ) -> [Message] {
        let due = entries.indices.filter { index in
            guard entries[index].lane == lane, let from = entries[index].claimableFrom else { return false }
            if ignoringLeases, case .leased(let other, _) = entries[index].state { return other != owner }
            return from <= now
        }
        let first = due.sorted { left, right in
            let (left, right) = (entries[left], entries[right])
            return (right.priority, left.claimableFrom ?? 0, left.id) < (left.priority, right.claimableFrom ?? 0, right.id)
        }.prefix(limit)
        for index in first {
            entries[index].state = .leased(owner: owner, until: end)
            entries[index].attempt += 1
        }
        return first.map { message(entries[$0], owner: owner) }
    }

    private func message(_ entry: Entry, owner: Int64) -> Message {
        Message(
            id: entry.id, kind: entry.kind, key: entry.key, payload: entry.payload, failures: entry.failures,
            tries: entry.tries, createdAt: entry.createdAt, priority: entry.priority, isOrdered: entry.isOrdered,
            owner: owner, attempt: entry.attempt)
    }

    func untilNext(lane: String, now: Int64) -> Int64? {
        entries.lazy.filter { $0.lane == lane }.compactMap(\.claimableFrom).min().map { max(0, $0 - now) }
    }

    mutating func extend(_ lease: Lease, until end: Int64) -> Bool {
        guard let index = index(lease) else { return false }
        entries[index].state = .leased(owner: lease.owner, until: end)
        return true
    }

    /// - Parameter byIdAlone: a planted bug.
    mutating func settle(_ lease: Lease, _ settlement: Settlement, now: Int64, byIdAlone: Bool = false) -> Bool {
        let found = byIdAlone ? entries.firstIndex { $0.id == lease.id } : index(lease)
        guard let index = found else { return false }
        switch settlement {
        case .done:
            let done = entries.remove(at: index)
            if done.isOrdered { promote(lane: done.lane, key: done.key, now: now) }
        case .unavailable(let reason, let wait):
            entries[index].state = .waiting(due: now + wait)
            entries[index].wait = wait
            entries[index].failures += 1
            entries[index].reason = reason
        case .refused(let reason, let wait, let tries):
            entries[index].tries += 1
            entries[index].reason = reason
            entries[index].wait = wait
            guard entries[index].tries >= tries else { entries[index].state = .waiting(due: now + wait); break }
            entries[index].state = .dead
            if entries[index].isOrdered { promote(lane: entries[index].lane, key: entries[index].key, now: now) }
        }
        return true
    }

    /// A process began: whoever held leases is gone.
    mutating func takeOver(now: Int64) {
        for index in entries.indices {
            switch entries[index].state {
            case .leased:
                entries[index].state = .waiting(due: now)
                entries[index].wait = 0
            case .waiting(let due): entries[index].state = .waiting(due: min(due, now + entries[index].wait))
            case .blocked, .dead: break
            }
        }
    }

    private func index(_ lease: Lease) -> Int? {
        entries.firstIndex { entry in
            guard entry.id == lease.id, entry.attempt == lease.attempt, case .leased(lease.owner, _) = entry.state else {
                return false
            }
            return true
        }
    }

    /// Whether an ordered message of the key is waiting or leased.
    private func isTaken(lane: String, key: String) -> Bool {
        entries.contains { $0.lane == lane && $0.key == key && $0.isOrdered && $0.claimableFrom != nil }
    }

    private mutating func promote(lane: String, key: String, now: Int64) {
        guard !isTaken(lane: lane, key: key) else { return }
        guard
            let index = entries.firstIndex(where: { $0.lane == lane && $0.key == key && $0.state == .blocked })
        else { return }
        entries[index].state = .waiting(due: max(now, min(entries[index].createdAt, now) + entries[index].wait))
    }
}
