package import Resilience

/// Time that only a test moves: sleepers wake when it has been advanced past their moment.
package final class ManualTime: Sendable {
    private struct Sleeper {
        var id: Int
        var until: Duration
        var wake: CheckedContinuation<Void, any Error>
    }
    private struct State {
        var elapsed: Duration = .zero
        var nextId = 0
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var watchers: [(count: Int, resume: CheckedContinuation<Void, Never>)] = []
    }
    private let start = ContinuousClock.now
    private let state = Locked(State())

    package init() {}

    package var elapsed: Duration { state.withLock { $0.elapsed } }

    package var source: TimeSource {
        TimeSource(now: { self.start.advanced(by: self.elapsed) }, sleep: { try await self.sleep($0) })
    }

    /// Moves time on and wakes whoever's moment has come.
    package func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.elapsed += duration
            let due = state.sleepers.filter { $0.until <= state.elapsed }
            state.sleepers.removeAll { $0.until <= state.elapsed }
            return due
        }
        for sleeper in due { sleeper.wake.resume() }
    }

    /// Returns when `count` tasks sleep.
    package func sleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.sleepers.count < count { state.watchers.append((count, continuation)) }
                return state.sleepers.count >= count
            }
            if isThere { continuation.resume() }
        }
    }

    private func sleep(_ duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextId += 1
            return state.nextId
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (wake: CheckedContinuation<Void, any Error>) in
                begin(Sleeper(id: id, until: elapsed + duration, wake: wake))
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.wake.resume(throwing: CancellationError())
        }
    }

    /// Wakes the sleeper at once if its moment has come or its task was cancelled already.
    private func begin(_ sleeper: Sleeper) {
        var ready: [CheckedContinuation<Void, Never>] = []
        var outcome: Result<Void, any Error>?
        state.withLock { state in
            if state.cancelled.remove(sleeper.id) != nil {
                outcome = .failure(CancellationError())
            } else if sleeper.until <= state.elapsed {
                outcome = .success(())
            } else {
                state.sleepers.append(sleeper)
                ready = state.watchers.filter { $0.count <= state.sleepers.count }.map(\.resume)
                state.watchers.removeAll { $0.count <= state.sleepers.count }
            }
        }
        if let outcome { sleeper.wake.resume(with: outcome) }
        for watcher in ready { watcher.resume() }
    }
}
