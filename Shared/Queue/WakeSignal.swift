import Resilience

/// Wakes the one task that waits for it. A signal that finds no task waiting lets the next wait return at
/// once.
final class WakeSignal: Sendable {
    private struct State {
        var isSignalled = false
        var waiter: CheckedContinuation<Void, Never>?
    }
    private let state = Locked(State())

    func signal() {
        let waiter = state.withLock { state in
            state.isSignalled = state.waiter == nil
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when the signal comes; cancelling the task doesn't end the wait.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isSignalled = state.withLock { state in
                if !state.isSignalled { state.waiter = continuation }
                defer { state.isSignalled = false }
                return state.isSignalled
            }
            if isSignalled { continuation.resume() }
        }
    }
}
