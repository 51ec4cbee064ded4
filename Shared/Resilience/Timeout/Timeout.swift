import Synchronization

/// Bounds what is inside it: the whole call outside a ``Retry``, each attempt inside one.
///
/// Of nested ones, and of ``CallContext/deadline``, the earliest counts. A call whose time is over already is
/// refused with ``Rejection/deadlineExceeded``, without being made. ``Enforcement`` says how the time is
/// enforced.
///
/// **A caller in a hurry is not the dependency's fault.** A failure after the caller's deadline has passed
/// says nothing about the dependency (``Disposition/ignored``; cancelled, it ends as ``Rejection/cutShort``)
/// if that deadline left it less than a quarter of the limit. Otherwise callers that leave 5 ms would open
/// the breaker for all others. With a quarter or more it counts as usual, so that a dependency that hangs is
/// noticed by callers whose own time is shorter than the limit; and so does a failure before the deadline. It
/// follows that the limit should be near the time of the slowest good answer.
///
/// **Cancellation** is passed on to the operation, and the call ends when the operation does.
public final class Timeout: Policy {
    /// How long a call may take.
    public struct Configuration: PolicyConfiguration {
        /// The longest that the call may take. Above zero, at most 100 years.
        public var limit: Duration

        /// Any limit; one out of range is listed by ``problems``, and refused by a ``Timeout`` that is made
        /// with it.
        public init(limit: Duration) { self.limit = limit }

        public static var policy: String { "Timeout" }

        public var problems: [String] {
            var check = ConfigurationCheck()
            check.require(limit.isReasonable, "limit", limit, "above zero and at most 100 years")
            return check.problems
        }
    }

    /// How a call whose time is over is ended.
    public enum Enforcement: Sendable {
        /// The operation gets the deadline (``CallContext/deadline``) and ends by itself, as an HTTP client
        /// does. Costs nothing.
        case byOperation
        /// The operation is also cancelled when the time is over, and the call ends as ``Rejection/timedOut``
        /// as soon as it returns. Work that ignores its cancellation still delays the call, since a task
        /// can't be ended by force. Costs two child tasks and a sleep a call (about 8 µs).
        case byCancelling
    }

    @usableFromInline let environment: PolicyEnvironment
    @usableFromInline let enforcement: Enforcement
    private let current: Locked<Configuration>
    /// The limit again, in whole nanoseconds: what calls read, without the lock.
    private let limitNanoseconds: Atomic<Int64>

    /// - Parameters:
    ///   - configuration: the limit.
    ///   - enforcement: by default ``Enforcement/byOperation``: only the deadline is passed on.
    ///   - environment: name, time, and the observer.
    /// - Throws: ``InvalidConfiguration`` for a limit out of range.
    public init(
        _ configuration: Configuration, enforcement: Enforcement = .byOperation,
        environment: PolicyEnvironment = .init()
    ) throws(InvalidConfiguration) {
        try configuration.validate()
        self.enforcement = enforcement
        self.environment = environment
        limitNanoseconds = Atomic(Self.nanoseconds(configuration.limit))
        current = Locked(configuration)
    }

    /// The same, for a limit alone.
    /// - Throws: ``InvalidConfiguration`` for a limit out of range.
    public convenience init(
        _ limit: Duration, enforcement: Enforcement = .byOperation, environment: PolicyEnvironment = .init()
    ) throws(InvalidConfiguration) {
        try self.init(Configuration(limit: limit), enforcement: enforcement, environment: environment)
    }

    /// The numbers for the calls from now on; calls under way keep theirs.
    public var configuration: Configuration { current.withLock { $0 } }

    /// - Throws: ``InvalidConfiguration``; the old numbers stay.
    public func reconfigure(_ configuration: Configuration) throws(InvalidConfiguration) {
        try configuration.validate()
        current.withLock { current in
            current = configuration
            limitNanoseconds.store(Self.nanoseconds(configuration.limit), ordering: .relaxed)
        }
    }

    @usableFromInline
    func end(from now: Instant) -> Instant {
        now.advanced(by: .nanoseconds(limitNanoseconds.load(ordering: .relaxed)))
    }

    /// Rounded up: no limit is shorter than configured.
    private static func nanoseconds(_ limit: Duration) -> Int64 {
        let (whole, rest) = limit.attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return Int64(clamping: whole + (rest > 0 ? 1 : 0))
    }

    @inlinable
    public func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        var context = context
        let now = context.instant(environment.time)
        if let deadline = context.deadline, deadline.hasPassed(at: now) {
            environment.report(.rejected(.deadlineExceeded))
            throw .rejected(.deadlineExceeded)
        }
        let (own, end) = (context.deadline, end(from: now))
        context.limit(to: Deadline(end))
        do throws(CallFailure<Failure>) {
            switch enforcement {
            case .byOperation: return try await operation(context)
            case .byCancelling:
                return try await race(context, now, operation) { isHurried(by: own, from: now, to: end) }
            }
        } catch {
            throw failure(error, own, from: now, to: end)
        }
    }

    /// Whether the caller's own deadline has ended the call before the dependency had enough time for the
    /// failure to count.
    @usableFromInline
    func isHurried(by deadline: Deadline?, from start: Instant, to end: Instant) -> Bool {
        guard let deadline, start.duration(to: deadline.end) < start.duration(to: end) / 4 else {
            return false
        }
        return deadline.hasPassed(at: environment.time.instant())
    }

    /// What a failure says of the dependency.
    ///
    /// Out of line: with it ``apply(_:_:)`` is too large to be inlined, and a pipeline costs three times as
    /// much (`make bench`).
    @usableFromInline @inline(never)
    func failure<Failure: Error>(
        _ failure: CallFailure<Failure>, _ own: Deadline?, from start: Instant, to end: Instant
    ) -> CallFailure<Failure> {
        guard isHurried(by: own, from: start, to: end) else { return failure }
        return switch failure {
        case .rejected(.timedOut): .rejected(.cutShort)
        case .failed(let error, let disposition) where disposition.health == .faulty: .failed(error, .ignored)
        case .rejected, .failed: failure
        }
    }

    @usableFromInline
    func race<Value: Sendable, Failure: Error>(
        _ context: CallContext, _ now: Instant,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value,
        isHurried: () -> Bool
    ) async throws(CallFailure<Failure>) -> Value {
        let allowance = context.deadline.map { now.duration(to: $0.end) } ?? .zero
        let result: Result<Value, CallFailure<Failure>>? = await withoutActuallyEscaping(operation) {
            operation in
            await withTaskGroup(of: Result<Value, CallFailure<Failure>>?.self) { group in
                group.addTask {
                    do throws(CallFailure<Failure>) {
                        return .success(try await operation(context))
                    } catch {
                        return .failure(error)
                    }
                }
                group.addTask { [time = environment.time] in
                    try? await time.sleep(allowance)
                    return nil
                }
                let first = await group.next() ?? nil
                group.cancelAll()
                if let first { return first }
                // The operation's end is waited for: a value that it made all the same is not thrown away.
                if let late = await group.next() ?? nil, case .success = late { return late }
                return Task.isCancelled ? .failure(.rejected(.cancelled)) : nil
            }
        }
        if let result { return try result.get() }
        let rejection = isHurried() ? Rejection.cutShort : .timedOut
        environment.report(.rejected(rejection))
        throw .rejected(rejection)
    }
}
