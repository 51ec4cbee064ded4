package import Foundation
package import GRDB
import Resilience
package import Storage

/// What runs in the transaction that removes a message.
package typealias Commit = @Sendable (Database) throws -> Void

/// A durable queue in the service's own file: a message is committed together with the business row that caused it,
/// claimed under a lease, delivered by its kind's handler (see ``QueueWorkers``), and removed together with what its
/// delivery changed.
///
/// Delivery is at least once: a crash after the effect and before the removal repeats it, and receivers absorb repeats.
package final class DurableQueue: Sendable {
    let store: Store
    /// Wall-clock milliseconds.
    let wall: @Sendable () -> Int64
    private let bells = Locked<[String: Bell]>([:])

    package init(store: Store, wall: @escaping @Sendable () -> Int64) {
        self.store = store
        self.wall = wall
    }

    /// Adds a message to the caller's transaction; its lane's worker wakes when that is committed.
    ///
    /// A message of the same kind for the same key that is still there is replaced, and starts anew.
    package func enqueue(
        _ database: Database, lane: String, kind: String, key: String, payload: Data = Data(), delay: Duration = .zero
    ) throws {
        let now = wall()
        try database.run(
            """
            INSERT INTO queue (lane, kind, key, payload, due_at, created_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (key, kind) DO UPDATE SET payload = excluded.payload, due_at = excluded.due_at, lease = NULL,
                tries = 0, failures = 0, dead = 0, reason = NULL
            """,
            [lane, kind, key, payload, now + delay.milliseconds, now])
        wakeAfterCommit(database, lane: lane)
    }

    /// Takes a message back in the caller's transaction, also from under a worker: its settlement will find nothing.
    package func remove(_ database: Database, kind: String, key: String) throws {
        try database.run("DELETE FROM queue WHERE key = ? AND kind = ?", [key, kind])
    }

    /// Makes a message that waits due at once, if it is there.
    package func hasten(_ database: Database, lane: String, kind: String, key: String) throws {
        try database.run(
            "UPDATE queue SET due_at = ? WHERE key = ? AND kind = ? AND lease IS NULL AND dead = 0", [wall(), key, kind])
        wakeAfterCommit(database, lane: lane)
    }

    /// The kinds of the messages for `key` that are not dead.
    package static func kinds(_ database: Database, key: String) throws -> [String] {
        try database.rows("SELECT kind FROM queue WHERE key = ? AND dead = 0", [key]).map { $0[0] }
    }

    private func wakeAfterCommit(_ database: Database, lane: String) {
        let bell = bell(lane)
        database.afterNextTransaction { _ in bell.ring() }
    }

    /// The bell that wakes a lane's worker.
    func bell(_ lane: String) -> Bell {
        bells.withLock { bells in
            if let bell = bells[lane] { return bell }
            let bell = Bell()
            bells[lane] = bell
            return bell
        }
    }

    func wakeAll() {
        for bell in bells.withLock({ Array($0.values) }) { bell.ring() }
    }
}

extension Duration {
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
