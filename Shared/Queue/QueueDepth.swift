import GRDB
import Resilience
import Storage

/// How many messages that aren't dead there are, as counted a second ago at most.
final class QueueDepth: Sendable {
    private struct State {
        var count = 0
        var countedAt: ContinuousClock.Instant?
    }
    private let capacity: Int
    private let state = Locked(State())

    init(capacity: Int) { self.capacity = capacity }

    /// While one caller counts, and when counting fails, the last count answers.
    func hasRoom(_ store: Store, at now: ContinuousClock.Instant) async -> Bool {
        let mustCount = state.withLock { state in
            if let last = state.countedAt, last.duration(to: now) < .seconds(1) { return false }
            state.countedAt = now
            return true
        }
        if mustCount, let count = try? await store.read({ try Self.count($0) }) {
            state.withLock { $0.count = count }
        }
        return state.withLock { $0.count } < capacity
    }

    private static func count(_ database: Database) throws -> Int {
        try database.row("SELECT sum(messages) FROM queue_counts WHERE state <> 'dead'")?[0] ?? 0
    }
}
