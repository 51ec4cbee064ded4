package import Resilience

/// Time that only a test advances: sleepers wake when it passes their instant.
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
    }
    private let start = ContinuousClock.now
    private let state = Watched(State())

    package init() {}

    package var elapsed: Duration { state.value.elapsed }

    package var source: TimeSource {
        TimeSource(now: { self.start.advanced(by: self.elapsed) }, sleep: { try await self.sleep($0) })
    }

    /// Advances time and wakes the sleepers whose instant has come.
    package func advance(by duration: Duration) {
        let due = state.update { state in
            state.elapsed += duration
            let due = state.sleepers.filter { $0.until <= state.elapsed }
            state.sleepers.removeAll { $0.until <= state.elapsed }
            return due
        }
        for sleeper in due { sleeper.wake.resume() }
    }

    /// Returns when `count` tasks sleep, or when the task is cancelled.
    package func sleepers(_ count: Int) async { await state.until { $0.sleepers.count >= count } }

    private func sleep(_ duration: Duration) async throws {
        let id = state.update { state in
            state.nextId += 1
            return state.nextId
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (wake: CheckedContinuation<Void, any Error>) in
                begin(Sleeper(id: id, until: elapsed + duration, wake: wake))
            }
        } onCancel: {
            let sleeper = state.update { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.wake.resume(throwing: CancellationError())
        }
    }

    /// Wakes the sleeper at once if its instant has come or its task was cancelled.
    private func begin(_ sleeper: Sleeper) {
        let outcome = state.update { state -> Result<Void, any Error>? in
            if state.cancelled.remove(sleeper.id) != nil { return .failure(CancellationError()) }
            if sleeper.until <= state.elapsed { return .success(()) }
            state.sleepers.append(sleeper)
            return nil
        }
        if let outcome { sleeper.wake.resume(with: outcome) }
    }
}
