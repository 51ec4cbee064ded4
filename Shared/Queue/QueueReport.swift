import Foundation
import GRDB
import Storage

/// What the queue says of itself, and what an operator may ask of it.
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

    package func report() async throws -> Report {
        let now = wall()
        return try await store.read { database in
            var report = Report()
            let rows = try database.rows(
                """
                SELECT kind, CASE WHEN dead = 1 THEN 'dead' WHEN due_at <= ? THEN 'ready' WHEN lease IS NULL THEN 'delayed'
                    ELSE 'leased' END AS state, count(*)
                FROM queue GROUP BY 1, 2
                """, [now])
            for row in rows {
                guard let state = Report.State(rawValue: row[1]) else { continue }
                report.counts[row[0], default: [:]][state] = row[2]
            }
            let oldest = try database.row("SELECT min(created_at) FROM queue WHERE dead = 0")?[0] as Int64?
            report.oldestAge = .milliseconds(oldest.map { max(0, now - $0) } ?? 0)
            return report
        }
    }

    /// Dead letters after the id `after`, oldest first.
    package func deadLetters(after: Int64, limit: Int) async throws -> [DeadLetter] {
        try await store.read { database in
            try database.rows(
                "SELECT id, kind, key, tries, reason, created_at FROM queue WHERE dead = 1 AND id > ? ORDER BY id LIMIT ?",
                [after, limit]
            ).map { DeadLetter(id: $0[0], kind: $0[1], key: $0[2], tries: $0[3], reason: $0[4], createdAt: $0[5]) }
        }
    }

    /// Sends every dead letter another time, as if new; answers how many.
    package func redrive() async throws -> Int {
        let now = wall()
        let count = try await store.write("redrive") { database in
            try database.run(
                "UPDATE queue SET dead = 0, tries = 0, failures = 0, reason = NULL, due_at = ? WHERE dead = 1", [now])
            return database.changesCount
        }
        wakeAll()
        return count
    }
}
