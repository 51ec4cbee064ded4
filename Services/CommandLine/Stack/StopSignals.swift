import Foundation
import Resilience

/// Ctrl-C, SIGTERM and SIGHUP, counted instead of obeyed.
final class StopSignals: Sendable {
    private struct State {
        var count = 0
        var nap: Task<Void, Never>?
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
        let nap = state.withLock { state in
            state.count += 1
            return state.nap
        }
        nap?.cancel()
    }

    /// Returns after `duration`, or as soon as a signal comes.
    func wait(upTo duration: Duration) async {
        let nap = Task { _ = try? await Task.sleep(for: duration) }
        let isLate = state.withLock { state in
            state.nap = nap
            return state.count > 0
        }
        if isLate { nap.cancel() }
        await nap.value
    }
}
