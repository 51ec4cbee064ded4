import Contracts
package import Foundation
package import GRDB
import Instrumentation
import Mutants
package import Resilience
package import Storage
import Telemetry

/// What runs in the transaction that removes a message.
package typealias Commit = @Sendable (Database) throws -> Void

/// A durable queue in the service's own file: a message is committed together with the business row that
/// caused it, claimed under a lease, delivered by its kind's handler (see ``QueueWorkers``), and removed
/// together with what its delivery changed.
///
/// Delivery is at least once: a crash after the effect and before the removal repeats it, and receivers
/// absorb repeats (see ``Inbox``).
package final class DurableQueue: Sendable {
    let store: Store
    package let clock: QueueClock
    let depth: QueueDepth
    private let wakeSignals = Locked<[String: WakeSignal]>([:])

    /// - Parameters:
    ///   - wall: wall-clock milliseconds; asked once, see ``QueueClock``.
    ///   - time: what leases and waits are measured with.
    ///   - capacity: how many messages that aren't dead there may be before ``hasRoom()`` says no.
    package init(
        store: Store, wall: @Sendable () -> Int64, time: TimeSource = .system, capacity: Int = 1_000_000
    ) {
        self.store = store
        clock = QueueClock(time: time, wall: wall())
        depth = QueueDepth(capacity: capacity)
    }

    /// Adds a message to the caller's transaction; its lane's worker wakes when that is committed. The
    /// message belongs to the trace that the caller's task works for.
    ///
    /// A message of the same kind for the same key that is still there is replaced: removed, and the new one
    /// added.
    /// - Parameters:
    ///   - priority: 0 to 3. Within a lane the highest that is due is delivered first.
    ///   - ordered: after the ordered messages of the same lane and key that are there already, one at a
    ///     time, in the order in which they were added. Dead letters block no other message; one that is
    ///     sent again comes next.
    ///   - id: what this message is, for messages that must not be added twice: within ``Inbox/retention``
    ///     the second with the same id is absorbed, also after the first was delivered.
    package func enqueue(
        _ database: Database, lane: String, kind: String, key: String, payload: Data = Data(),
        delay: Duration = .zero,
        priority: Int = 0, ordered: Bool = false, once id: String? = nil
    ) throws {
        let now = clock.now
        if let id, try !Inbox.absorb(database, id: id, at: now) { return }
        let wait = max(0, delay.wholeMilliseconds)
        let trace = InstrumentationContext.current?.trace?.traceparent
        let ordered = ordered && !Mutant.isOn(.deliversInAnyOrder)
        func insert() throws -> Bool {
            let isBlocked = try ordered && LaneOrder.isTaken(database, lane: lane, key: key)
            try database.run(
                """
                INSERT INTO queue
                (lane, kind, key, payload, priority, ordered, state, due_at, wait_ms, created_at, trace)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key, kind) DO NOTHING
                """,
                [
                    lane, kind, key, payload, priority, ordered, isBlocked ? "blocked" : "waiting",
                    isBlocked ? nil : now + wait, wait, now, trace,
                ])
            return database.changesCount == 1
        }
        if try !insert() {
            try remove(database, kind: kind, key: key)
            _ = try insert()
        }
        wakeAfterCommit(database, lane: lane)
    }

    /// Removes a message in the caller's transaction, also while a worker delivers it: the settlement then
    /// finds nothing.
    package func remove(_ database: Database, kind: String, key: String) throws {
        let removed = try database.row(
            "DELETE FROM queue WHERE key = ? AND kind = ? RETURNING lane, ordered", [key, kind])
        guard let removed, removed[1] else { return }
        try LaneOrder.releaseNext(database, lane: removed[0], key: key, now: clock.now)
        wakeAfterCommit(database, lane: removed[0])
    }

    /// Makes a waiting message due at once; a blocked one as soon as its turn comes.
    package func expedite(_ database: Database, lane: String, kind: String, key: String) throws {
        try database.run(
            """
            UPDATE queue SET due_at = min(due_at, ?), wait_ms = 0
            WHERE key = ? AND kind = ? AND state IN ('waiting', 'blocked')
            """,
            [clock.now, key, kind])
        wakeAfterCommit(database, lane: lane)
    }

    /// The kinds of the messages for `key` that are not dead.
    package static func kinds(_ database: Database, key: String) throws -> [String] {
        try database.rows("SELECT kind FROM queue WHERE key = ? AND state <> 'dead'", [key]).map { $0[0] }
    }

    /// Whether new work may begin, which will add messages until it ends. Work that has begun is not asked
    /// again.
    ///
    /// The messages are counted once a second at most, so that every request can ask; what arrives within a
    /// second may exceed the capacity.
    package func hasRoom() async -> Bool { await depth.hasRoom(store, at: clock.time.now()) }

    private func wakeAfterCommit(_ database: Database, lane: String) {
        let wakeSignal = wakeSignal(lane)
        database.afterNextTransaction { _ in wakeSignal.signal() }
    }

    /// The signal that wakes a lane's worker.
    func wakeSignal(_ lane: String) -> WakeSignal {
        wakeSignals.withLock { wakeSignals in
            if let wakeSignal = wakeSignals[lane] { return wakeSignal }
            let wakeSignal = WakeSignal()
            wakeSignals[lane] = wakeSignal
            return wakeSignal
        }
    }

    func wakeAll() {
        for wakeSignal in wakeSignals.withLock({ Array($0.values) }) { wakeSignal.signal() }
    }
}
