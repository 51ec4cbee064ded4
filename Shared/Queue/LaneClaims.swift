import Contracts
import Foundation
package import GRDB
import Mutants
import Resilience
import Storage

/// The SQL of one lane: claims, and what becomes of a claimed message. Every change of a claimed message is
/// fenced by its lease's owner and attempt, so that a worker that has lost it changes nothing.
package struct LaneClaims: Sendable {
    let lane: String
    let policy: QueueWorkers.Policy
    let clock: QueueClock
    /// Random, and one for each process that works on the queue.
    let owner: Int64

    package init(lane: String, policy: QueueWorkers.Policy, clock: QueueClock, owner: Int64) {
        self.lane = lane
        self.policy = policy
        self.clock = clock
        self.owner = owner
    }

    /// One subselect a priority, each with a limit: SQLite stops at the outer limit, so that the cost depends
    /// neither on how many messages aren't due nor on how many due ones have a lower priority.
    package static let claimSQL: String = {
        let due = [3, 2, 1, 0].map { priority in
            """
            SELECT id FROM (
                SELECT id FROM queue WHERE lane = :lane AND priority = \(priority) AND due_at <= :now
                ORDER BY due_at, id LIMIT :limit)
            """
        }
        return """
            UPDATE queue SET state = 'leased', owner = :owner, attempt = attempt + 1, due_at = :end
            WHERE id IN (SELECT id FROM (\(due.joined(separator: " UNION ALL "))) LIMIT :limit)
            RETURNING id, kind, key, payload, failures, tries, created_at, trace, priority, ordered, attempt
            """
    }()

    static let nextDueSQL: String = {
        let next = [3, 2, 1, 0].map { priority in
            """
            SELECT min(due_at) AS due FROM queue
            WHERE lane = :lane AND priority = \(priority) AND due_at IS NOT NULL
            """
        }
        return "SELECT min(due) FROM (\(next.joined(separator: " UNION ALL ")))"
    }()

    /// Leases up to `limit` due messages: the highest priority first, and among equals the longest due.
    package func claim(_ database: Database, limit: Int) throws -> [Message] {
        let now = clock.now
        // Row by row: fetched as a whole, each row would be copied first.
        let rows = try Row.fetchCursor(
            database.cachedStatement(sql: Self.claimSQL),
            arguments: [
                "lane": lane, "now": now, "limit": limit, "owner": owner,
                "end": now + policy.lease.wholeMilliseconds,
            ])
        var messages: [Message] = []
        while let row = try rows.next() {
            messages.append(
                Message(
                    id: row[0], kind: row[1], key: row[2], payload: row[3], failures: row[4], tries: row[5],
                    createdAt: row[6], trace: row[7],
                    priority: row[8], isOrdered: row[9], owner: owner, attempt: row[10]))
        }
        return messages.sorted { ($1.priority, $0.id) < ($0.priority, $1.id) }
    }

    /// How long until the next message is due; negative if one is overdue; nil when there is none.
    func untilNext(_ database: Database) throws -> Duration? {
        guard let due = try database.row(Self.nextDueSQL, ["lane": lane])?[0] as Int64? else { return nil }
        return .milliseconds(due - clock.now)
    }

    /// A whole lease from now, also after the last one has run out, as long as no other worker has claimed
    /// the message. False: the lease is lost.
    func extend(_ database: Database, _ lease: Lease) throws -> Bool {
        try database.run(
            "UPDATE queue SET due_at = ? WHERE id = ? AND owner = ? AND attempt = ?",
            [clock.now + policy.lease.wholeMilliseconds, lease.id, lease.owner, lease.attempt])
        return database.changesCount == 1
    }

    /// Removes, postpones or buries the message, as the result says. False: the lease was lost, and nothing
    /// was changed.
    package func settle(
        _ database: Database, _ message: Message, _ result: DeliveryResult,
        random: inout some RandomNumberGenerator
    ) throws -> Bool {
        switch result {
        case .done(let commit):
            try database.run(
                "DELETE FROM queue WHERE id = ? AND owner = ? AND attempt = ?",
                [message.id, owner, message.attempt])
            guard database.changesCount == 1 else { return false }
            try giveTurn(database, after: message)
            try commit?(database)
        case .unavailable(let reason) where Mutant.isOn(.countsAnOutageAsRefusal):
            return try refuse(database, message, reason, random: &random)
        case .unavailable where Mutant.isOn(.dropsWhatIsUnavailable):
            return try settle(database, message, .done(), random: &random)
        case .unavailable(let reason):
            let wait = policy.backoff.delay(afterFailures: message.failures + 1, using: &random)
                .wholeMilliseconds
            try database.run(
                """
                UPDATE queue SET state = 'waiting', owner = NULL, due_at = ?, wait_ms = ?,
                    failures = failures + 1, reason = ?
                WHERE id = ? AND owner = ? AND attempt = ?
                """,
                [clock.now + wait, wait, reason, message.id, owner, message.attempt])
            return database.changesCount == 1
        case .refused(let reason):
            return try refuse(database, message, reason, random: &random)
        }
        return true
    }

    private func refuse(
        _ database: Database, _ message: Message, _ reason: String, random: inout some RandomNumberGenerator
    ) throws -> Bool {
        let isDead = message.tries + 1 >= policy.tries
        let wait = policy.backoff.delay(afterFailures: message.failures + message.tries + 1, using: &random)
            .wholeMilliseconds
        try database.run(
            """
            UPDATE queue SET state = ?, owner = NULL, due_at = ?, wait_ms = ?, tries = tries + 1, reason = ?
            WHERE id = ? AND owner = ? AND attempt = ?
            """,
            [
                isDead ? "dead" : "waiting", isDead ? nil : clock.now + wait, wait, reason, message.id, owner,
                message.attempt,
            ])
        guard database.changesCount == 1 else { return false }
        if isDead { try giveTurn(database, after: message) }
        return true
    }

    private func giveTurn(_ database: Database, after message: Message) throws {
        guard message.isOrdered else { return }
        try LaneOrder.releaseNext(database, lane: lane, key: message.key, now: clock.now)
    }
}
