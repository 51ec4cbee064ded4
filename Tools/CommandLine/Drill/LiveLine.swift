import Resilience

/// The progress line of the drill, updated from several tasks.
final class LiveLine: Sendable {
    private let progress = Locked(Progress())

    func show(_ text: String) { progress.withLock { $0.show(text) } }

    /// Ends the line, before one that stays.
    func finish() { progress.withLock { $0.finish() } }
}
