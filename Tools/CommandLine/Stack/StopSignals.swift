import Foundation
import Resilience

/// Counts Ctrl-C, SIGTERM and SIGHUP, which then no longer end the process.
final class StopSignals: Sendable {
    private struct State {
        var count = 0
        var lastID = 0
        /// Called by the next signal.
        var cancels: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Locked(State())

    /// How many came so far.
    var count: Int { state.withLock { $0.count } }

    /// Counts from now on, for as long as the result is kept.
    func watch() -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in arrived() }
            source.resume()
            return source
        }
    }

    private func arrived() {
        let cancels = state.withLock { state in
            state.count += 1
            return Array(state.cancels.values)
        }
        for cancel in cancels { cancel() }
    }

    /// Returns after `duration`, or as soon as a signal comes.
    func wait(upTo duration: Duration) async {
        _ = try? await cancelling { try await Task.sleep(for: duration) }
    }

    /// Runs `body` in a task that is cancelled by a signal, also by an earlier one, or with the caller's
    /// task.
    func cancelling<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws
        -> Result
    {
        let task = Task { try await body() }
        let (id, isLate) = state.withLock { state in
            state.lastID += 1
            state.cancels[state.lastID] = { task.cancel() }
            return (state.lastID, state.count > 0)
        }
        defer { state.withLock { _ = $0.cancels.removeValue(forKey: id) } }
        if isLate { task.cancel() }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
