/// Lets so many calls pass per period and refuses the rest at once, with the exact time until the next token
/// (``Rejection/rateLimited(retryAfter:)``).
///
/// For a quota that the other end counts, or a client that must not take everything. It doesn't measure the
/// dependency's health: against overload use a ``Bulkhead`` or a ``Shedder``. A token that was taken
/// is spent, however the call ends. No call waits here, so that there is nothing to cancel. The algorithm:
/// ``TokenBucket``.
public final class RateLimit: Policy {
    @usableFromInline struct State: Sendable {
        @usableFromInline var configuration: Configuration
        @usableFromInline var bucket: TokenBucket
    }

    @usableFromInline let environment: PolicyEnvironment
    @usableFromInline let state: Locked<State>

    /// - Throws: ``InvalidConfiguration`` with every problem.
    public init(_ configuration: Configuration, environment: PolicyEnvironment = .init())
        throws(InvalidConfiguration)
    {
        let bucket = try TokenBucket(configuration, now: environment.time.now())
        self.environment = environment
        state = Locked(State(configuration: configuration, bucket: bucket))
    }

    /// The numbers that count now.
    public var configuration: Configuration { state.withLock { $0.configuration } }

    /// Replaces the numbers while calls are running. The tokens left stay, up to the new burst.
    /// - Throws: ``InvalidConfiguration``; the old numbers stay.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        let now = environment.time.now()
        try state.withLock { (state) throws(InvalidConfiguration) in
            try state.bucket.reconfigure(configuration, now: now)
            state.configuration = configuration
        }
    }

    /// Takes a token if there is one, for work that isn't an asynchronous call. Reports no event.
    ///
    /// - Parameter now: the time, if the caller has read the clock already.
    /// - Returns: nil when the token was taken; else how long until there is one.
    @inlinable
    public func tryAcquire(now: ContinuousClock.Instant? = nil) -> Duration? {
        let now = now ?? environment.time.now()
        return state.withLock { $0.bucket.tryAcquire(now: now) }
    }

    @inlinable
    public func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        var context = context
        if let retryAfter = tryAcquire(now: context.now(environment.time)) {
            environment.report(.rejected(.rateLimited(retryAfter: retryAfter)))
            throw .rejected(.rateLimited(retryAfter: retryAfter))
        }
        return try await operation(context)
    }
}
