import Testing

@testable import Resilience

/// Virtual time for many workers: it moves on to the next event only when every worker sleeps or waits in a
/// bulkhead's queue. So what happens at one instant is never seen at a later one, on however many threads.
final class CrowdTime: Sendable {
    /// The task of a call. All other sleeps on behalf of a call are timers of its wait in the bulkhead.
    final class Caller: Sendable {
        @TaskLocal static var current: Caller?
        private let task = withUnsafeCurrentTask { $0?.hashValue }

        var isThisTask: Bool { withUnsafeCurrentTask { $0?.hashValue } == task }
    }

    private struct Sleeper {
        var until: Duration
        var isTimer: Bool
        var wake: CheckedContinuation<Void, any Error>
    }
    private struct State {
        var workers: Int
        var lastId = 0
        var sleepers: [Int: Sleeper] = [:]
        var timers = 0
        var cancelled: Set<Int> = []
        var watcher: CheckedContinuation<Void, Never>?
    }

    private let start = ContinuousClock.now
    private let state: Locked<State>
    /// Changed only while all workers wait.
    private let offset = Locked(Duration.zero)
    /// The bulkhead in which calls wait.
    private let bulkhead = Locked<Bulkhead?>(nil)

    init(workers: Int) { state = Locked(State(workers: workers)) }

    var elapsed: Duration { offset.withLock { $0 } }
    var source: TimeSource {
        TimeSource(now: { self.instant(self.elapsed) }, sleep: { try await self.sleep($0) })
    }

    func instant(_ elapsed: Duration) -> ContinuousClock.Instant { start.advanced(by: elapsed) }

    func watch(_ bulkhead: Bulkhead) { self.bulkhead.withLock { $0 = bulkhead } }

    /// Returns when every worker waits; false when there are none left, or the task is cancelled.
    func quiet() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isOver = state.withLock { state in
                    if isQuiet(state) || Task.isCancelled { return true }
                    state.watcher = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { state in
                defer { state.watcher = nil }
                return state.watcher
            }?.resume()
        }
        return state.withLock { $0.workers > 0 && !Task.isCancelled }
    }

    /// Moves to the next instant at which a sleeper wakes.
    func advance() {
        let due = state.withLock { state in
            let now = max(elapsed, state.sleepers.values.map(\.until).min() ?? .zero)
            offset.withLock { $0 = now }
            let due = state.sleepers.filter { $0.value.until <= now }
            for (id, sleeper) in due {
                state.sleepers[id] = nil
                if sleeper.isTimer { state.timers -= 1 }
            }
            return due.values.map(\.wake)
        }
        for wake in due { wake.resume() }
    }

    /// One more worker.
    func join() { change { $0.workers += 1 } }

    /// A worker has done its work.
    func leave() { change { $0.workers -= 1 } }

    private func change(_ change: (inout State) -> Void) {
        let watcher = state.withLock { state -> CheckedContinuation<Void, Never>? in
            change(&state)
            guard state.watcher != nil, isQuiet(state) else { return nil }
            defer { state.watcher = nil }
            return state.watcher
        }
        watcher?.resume()
    }

    private func isQuiet(_ state: State) -> Bool {
        state.sleepers.count == state.workers && state.timers == bulkhead.withLock { $0 }?.snapshot.waiting
    }

    private func sleep(_ duration: Duration) async throws {
        let id = state.withLock { state in
            state.lastId += 1
            return state.lastId
        }
        let isTimer = Caller.current.map { !$0.isThisTask } ?? false
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (wake: CheckedContinuation<Void, any Error>) in
                var isCancelled = false
                change { state in
                    isCancelled = state.cancelled.remove(id) != nil
                    if isCancelled { return }
                    // Even a sleep of no time ends only when all workers are at rest.
                    state.sleepers[id] = Sleeper(until: elapsed + duration, isTimer: isTimer, wake: wake)
                    if isTimer { state.timers += 1 }
                }
                if isCancelled { wake.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let sleeper = state.sleepers.removeValue(forKey: id) else {
                    state.cancelled.insert(id)
                    return nil
                }
                if sleeper.isTimer { state.timers -= 1 }
                return sleeper
            }
            sleeper?.wake.resume(throwing: CancellationError())
        }
    }
}
