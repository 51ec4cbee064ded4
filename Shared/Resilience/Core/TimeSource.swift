/// The clock of all policies: they read the time and wait only through it, so that tests can control both.
public struct TimeSource: Sendable {
    /// Monotonic time; never set back.
    public var now: @Sendable () -> ContinuousClock.Instant
    /// Waits for the duration; throws `CancellationError` as soon as the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void

    /// A time source of one's own, such as a test's. `now` and `sleep` have to be of the same clock, and may
    /// be called from any thread.
    public init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    @usableFromInline
    func instant() -> Instant { Instant(now()) }

    /// The system's monotonic clock, which goes on while the machine sleeps.
    public static let system = TimeSource(
        now: { ContinuousClock.now },
        sleep: { try await Task.sleep(for: max(Duration.zero, min($0, .longest)), clock: .continuous) }
    )
}
