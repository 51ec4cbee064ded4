import GRDB
import Storage

/// Whose turn it is among the ordered messages of one lane and key: one is waiting or leased, the later ones
/// are blocked.
enum LaneOrder {
    static let isTakenSQL =
        "SELECT 1 FROM queue WHERE lane = ? AND key = ? AND ordered = 1 AND due_at IS NOT NULL"

    static let releaseNextSQL = """
        UPDATE queue SET state = 'waiting', due_at = max(?, min(created_at, ?) + wait_ms)
        WHERE id = (SELECT min(id) FROM queue WHERE lane = ? AND key = ? AND state = 'blocked')
        """

    static func isTaken(_ database: Database, lane: String, key: String) throws -> Bool {
        try database.row(isTakenSQL, [lane, key]) != nil
    }

    /// Makes the longest blocked message waiting, unless an earlier one has the turn. It waits from when it
    /// was added, no longer than asked.
    static func releaseNext(_ database: Database, lane: String, key: String, now: Int64) throws {
        guard try !isTaken(database, lane: lane, key: key) else { return }
        try database.run(releaseNextSQL, [now, now, lane, key])
    }
}
