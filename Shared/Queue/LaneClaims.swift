import Foundation
import GRDB
import Resilience
import Storage

/// The SQL of one lane: claims, and what becomes of a claimed message. Every change of a claimed message is fenced by
/// its lease, so that a worker whose lease has run out changes nothing.
struct LaneClaims: Sendable {
    let lane: String
    let policy: QueueWorkers.Policy
    let wall: @Sendable () -> Int64

    /// Leases up to `limit` due messages, the longest due first.
    func claim(_ database: Database, limit: Int) throws -> [Message] {
        let now = wall()
        let lease = Int64.random(in: 1...Int64.max)
        let rows = try database.rows(
            """
            UPDATE queue SET lease = ?, due_at = ? WHERE id IN (
                SELECT id FROM queue WHERE lane = ? AND dead = 0 AND due_at <= ? ORDER BY due_at LIMIT ?)
            RETURNING id, kind, key, payload, failures, tries, created_at
            """,
            [lease, now + policy.lease.milliseconds, lane, now, limit])
        return rows.map {
            Message(
                id: $0[0], kind: $0[1], key: $0[2], payload: $0[3], failures: $0[4], tries: $0[5], createdAt: $0[6],
                lease: lease)
        }
    }

    /// How long until the next message is due; nil when there is none.
    func untilNext(_ database: Database) throws -> Duration? {
        let row = try database.row("SELECT min(due_at) FROM queue WHERE lane = ? AND dead = 0", [lane])
        guard let due = row?[0] as Int64? else { return nil }
        return .milliseconds(max(0, due - wall()))
    }

    /// Removes, puts off or buries the message, as the verdict says. False: the lease was lost, and nothing was changed.
    func settle(_ database: Database, _ message: Message, _ verdict: Verdict, chance: inout some RandomNumberGenerator)
        throws -> Bool
    {
        switch verdict {
        case .done(let commit):
            try database.run("DELETE FROM queue WHERE id = ? AND lease = ?", [message.id, message.lease])
            guard database.changesCount == 1 else { return false }
            try commit?(database)
            return true
        case .unavailable(let reason):
            let delay = policy.backoff.delay(afterFailures: message.failures + 1, using: &chance)
            try database.run(
                "UPDATE queue SET lease = NULL, due_at = ?, failures = failures + 1, reason = ? WHERE id = ? AND lease = ?",
                [wall() + delay.milliseconds, reason, message.id, message.lease])
        case .refused(let reason):
            let delay = policy.backoff.delay(afterFailures: message.failures + message.tries + 1, using: &chance)
            try database.run(
                """
                UPDATE queue SET lease = NULL, due_at = ?, tries = tries + 1, dead = (tries + 1 >= ?), reason = ?
                WHERE id = ? AND lease = ?
                """,
                [wall() + delay.milliseconds, policy.tries, reason, message.id, message.lease])
        }
        return database.changesCount == 1
    }

    /// The destination is back: what was put off for its sake is due now.
    func hastenFailed(_ database: Database) throws {
        try database.run(
            "UPDATE queue SET due_at = ? WHERE lane = ? AND dead = 0 AND lease IS NULL AND failures > 0 AND due_at > ?",
            [wall(), lane, wall()])
    }
}
