/// Where time comes from: the only way that anything here reads a clock or waits, so that tests can own both.
public struct TimeSource: Sendable {
    /// Monotonic time; never set back.
    public var now: @Sendable () -> ContinuousClock.Instant
    /// Waits for the duration; throws `CancellationError` as soon as the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void

    /// Another time, a test's for one. `now` and `sleep` have to be of the same clock, and may be called from
    /// any thread.
    public init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    @usableFromInline
    func moment() -> Instant { Instant(now()) }

    /// The system's monotonic clock, which goes on while the machine sleeps.
    public static let system = TimeSource(
        now: { ContinuousClock.now },
        sleep: { try await Task.sleep(for: max(Duration.zero, min($0, .longest)), clock: .continuous) }
    )
}
