/// Calls with one key, made while one of them is under way, share its execution and its outcome.
///
/// For reads that many callers need at once: a value that has just expired, a slow look-up. Nothing is kept:
/// once the execution has ended, the next call begins a new one. Never share a call that changes something on
/// behalf of its caller.
///
/// **Whose context.** The work runs in a task of its own, with the task-locals (trace, logger) and the
/// priority of the caller that began it, except ``Deadline/current``, which is unset: one caller's deadline
/// must not fail the others. The callers bound it instead. Each waits until its own deadline or cancellation,
/// and leaves; when the last one leaves the work is cancelled. Work that ignores cancellation runs on, and
/// counts as running until it ends.
///
/// **How many.** Every flight has a caller that waits for it, so that a bound on the callers bounds the
/// flights; ``SingleFlightConfiguration/maximumFlights`` bounds the work as well.
public final class SingleFlight<Key: Hashable & Sendable, Value: Sendable, Failure: Error>: Sendable {
    enum Outcome: Sendable {
        case answered(Result<Value, Failure>)
        case left(Rejection)
    }
    typealias Waiter = CheckedContinuation<Outcome, Never>
    typealias State = SingleFlightState<Key, Waiter, Task<Void, Never>>

    let environment: PolicyEnvironment
    let state: Locked<State>

    /// - Throws: ``InvalidConfiguration`` with every problem.
    public init(
        _ configuration: SingleFlightConfiguration = .init(), environment: PolicyEnvironment = .init()
    ) throws(InvalidConfiguration) {
        try configuration.validate()
        self.environment = environment
        state = Locked(State(maximumFlights: configuration.maximumFlights))
    }

    /// The numbers that count now.
    public var configuration: SingleFlightConfiguration {
        SingleFlightConfiguration(maximumFlights: state.withLock { $0.maximumFlights })
    }

    /// Replaces the numbers at run time. Flights under way stay, even beyond the new limit.
    /// - Throws: ``InvalidConfiguration``; the old numbers stay.
    public func reconfigure(_ configuration: SingleFlightConfiguration) throws(InvalidConfiguration) {
        try configuration.validate()
        state.withLock { $0.maximumFlights = configuration.maximumFlights }
    }

    /// Flights that run, and callers that wait for them.
    public var inUse: (flights: Int, callers: Int) { state.withLock { ($0.running, $0.callers) } }

    /// The outcome of `work`, or of the work for the same key that is under way already.
    ///
    /// Cancelling the caller ends its own waiting at once, not that of others.
    /// - Parameters:
    ///   - key: what is asked for: calls with equal keys share one execution.
    ///   - context: the deadline until which this caller waits.
    ///   - classify: what a failure says about the dependency, as this caller sees it.
    ///   - work: runs at most once, and after this caller has left if others wait for it.
    /// - Throws: ``CallFailure/failed(_:_:)`` with what the work threw; ``Rejection/cancelled`` or
    ///   ``Rejection/deadlineExceeded`` when this caller left; ``Rejection/bulkheadFull`` when a new flight
    ///   would be one too many.
    public func run(
        _ key: Key, context: CallContext = CallContext(),
        classify: @Sendable (Failure) -> Disposition = { Disposition(of: $0) },
        _ work: @escaping @Sendable () async throws(Failure) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        var context = context
        if let deadline = context.deadline, deadline.hasPassed(at: context.now(environment.time)) {
            throw refused(.deadlineExceeded)
        }
        if Task.isCancelled { throw refused(.cancelled) }
        switch await outcome(key, context, work) {
        case .answered(.success(let value)): return value
        case .answered(.failure(let failure)): throw .failed(failure, classify(failure))
        case .left(let rejection): throw refused(rejection)
        }
    }

    private func refused(_ rejection: Rejection) -> CallFailure<Failure> {
        environment.report(.rejected(rejection))
        return .rejected(rejection)
    }
}
