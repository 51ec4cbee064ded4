import Contracts
package import GRDB
import Storage

/// The ids of the messages that were taken in, so that a repeated message has one effect.
///
/// An id is remembered for 30 days from when it first came. That is longer than a sender repeats a message:
/// an order may stay accepted for ten days at most, after an outage of up to two weeks, and the waits between
/// retries come on top. Ids share one namespace within a file.
package enum Inbox {
    package static let retention: Duration = .seconds(30 * 86_400)
    /// How many expired ids are removed for each one that comes: more than come, so that none pile up.
    private static let pruned = 4

    /// Remembers the id in the caller's transaction, the one that has the effect.
    /// - Parameter now: milliseconds.
    /// - Returns: whether it is new, so that the effect is due.
    package static func absorb(_ database: Database, id: String, at now: Int64) throws -> Bool {
        let forgotten = now - retention.wholeMilliseconds
        try database.run(
            """
            INSERT INTO seen (id, at) VALUES (?, ?)
            ON CONFLICT (id) DO UPDATE SET at = excluded.at WHERE at <= ?
            """,
            [id, now, forgotten])
        guard database.changesCount == 1 else { return false }
        try database.run(
            "DELETE FROM seen WHERE id IN (SELECT id FROM seen WHERE at <= ? ORDER BY at LIMIT ?)",
            [forgotten, pruned])
        return true
    }
}
