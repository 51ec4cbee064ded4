import Resilience

/// The line that says how far the drill is, written from wherever it gets on.
final class LiveLine: Sendable {
    private let progress = Locked(Progress())

    func show(_ text: String) { progress.withLock { $0.show(text) } }

    /// Makes room for a line that stays.
    func finish() { progress.withLock { $0.finish() } }
}
