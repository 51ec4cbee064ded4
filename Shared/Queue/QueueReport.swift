import Foundation
package import GRDB
import Storage

/// What the queue reports, and what an operator may ask of it.
extension DurableQueue {
    package struct Report: Sendable, Equatable {
        package enum State: String, Sendable, CaseIterable { case ready, leased, delayed, dead }

        package var counts: [String: [State: Int]] = [:]
        package var oldestAge: Duration = .zero

        package func total(_ state: State) -> Int { counts.values.reduce(0) { $0 + ($1[state] ?? 0) } }
    }

    package struct DeadLetter: Sendable {
        package var id: Int64
        package var kind: String
        package var key: String
        package var tries: Int
        package var reason: String
        package var createdAt: Int64
    }

    /// A message whose lease has run out is ready; one that is blocked is delayed.
    package func report() async throws -> Report {
        let now = clock.now
        return try await store.read { try Self.report($0, at: now) }
    }

    /// Reads the messages that aren't due one by one; the due ones may be many, so that their number is the
    /// counts less those.
    static func report(_ database: Database, at now: Int64) throws -> Report {
        struct LanePriority: Hashable {
            var lane: String
            var priority: Int
        }
        var report = Report()
        var open: Set<LanePriority> = []
        for row in try database.rows(
            "SELECT kind, state, messages, lane, priority FROM queue_counts WHERE messages > 0")
        {
            let state: Report.State
            switch row[1] as String {
            case "dead": state = .dead
            case "blocked": state = .delayed
            default:
                state = .ready
                open.insert(LanePriority(lane: row[3], priority: row[4]))
            }
            report.counts[row[0], default: [:]][state, default: 0] += row[2]
        }
        for lane in open {
            let notDue = try Row.fetchCursor(
                database.cachedStatement(
                    sql: "SELECT kind, state FROM queue WHERE lane = ? AND priority = ? AND due_at > ?"),
                arguments: [lane.lane, lane.priority, now])
            while let row = try notDue.next() {
                let state: Report.State = row[1] == "leased" ? .leased : .delayed
                report.counts[row[0], default: [:]][state, default: 0] += 1
                report.counts[row[0], default: [:]][.ready, default: 0] -= 1
            }
        }
        report.counts = report.counts.mapValues { $0.filter { $0.value > 0 } }
        report.oldestAge = .milliseconds(
            now - min(now, try oldest(database, besides: report.total(.dead)) ?? now))
        return report
    }

    /// When the oldest message that isn't dead was added. Among the first `dead + 1` messages at least one
    /// isn't dead; an index that finds it would cost every message of every order a page.
    private static func oldest(_ database: Database, besides dead: Int) throws -> Int64? {
        let first = try Row.fetchCursor(
            database.cachedStatement(sql: "SELECT state, created_at FROM queue ORDER BY id LIMIT ?"),
            arguments: [dead + 1])
        while let row = try first.next() {
            if (row[0] as String) != "dead" { return row[1] }
        }
        return nil
    }

    static let deadLettersSQL = """
        SELECT id, kind, key, tries, reason, created_at FROM queue
        WHERE state = 'dead' AND id > ? ORDER BY id LIMIT ?
        """

    /// Dead letters after the id `after`, oldest first.
    package func deadLetters(after: Int64, limit: Int) async throws -> [DeadLetter] {
        try await store.read { database in
            try database.rows(Self.deadLettersSQL, [after, limit]).map {
                DeadLetter(id: $0[0], kind: $0[1], key: $0[2], tries: $0[3], reason: $0[4], createdAt: $0[5])
            }
        }
    }

    /// Deletes the oldest dead letters, `limit` at most, as far as they were enqueued at `until` or before.
    /// - Returns: how many, and when the youngest of them was enqueued.
    package func deleteDead(_ database: Database, until: Int64, limit: Int) throws -> (
        count: Int, until: Int64?
    ) {
        let oldest = try database.rows(Self.deadLettersSQL, [0, limit])
        let old = oldest.prefix { ($0["created_at"] as Int64) <= until }
        guard let last = old.last?["id"] as Int64? else { return (0, nil) }
        try database.run("DELETE FROM queue WHERE state = 'dead' AND id <= ?", [last])
        return (old.count, old.map { $0["created_at"] }.max())
    }

    /// Sends every dead letter again, as if it were new; returns how many.
    package func redrive() async throws -> Int {
        let count = try await store.write("redrive") { [self] in try redrive($0) }
        wakeAll()
        return count
    }

    func redrive(_ database: Database) throws -> Int {
        let now = clock.now
        // An ordered message is blocked first, and released if no other of its key has the turn.
        let redriven = try database.rows(
            """
            UPDATE queue SET state = iif(ordered, 'blocked', 'waiting'), due_at = iif(ordered, NULL, ?),
                wait_ms = 0, tries = 0, failures = 0, reason = NULL
            WHERE state = 'dead' RETURNING lane, key, ordered
            """, [now])
        for letter in redriven where letter[2] {
            try LaneOrder.releaseNext(database, lane: letter[0], key: letter[1], now: now)
        }
        return redriven.count
    }
}
