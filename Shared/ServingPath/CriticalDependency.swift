public import Resilience

/// One thing that a critical dependency is asked for. **Its call throws**, and there is no way to give it a made-up success:
/// who calls it has to say what becomes of the purchase without.
public struct CriticalDependency<Request: Sendable, Value: Sendable, Refusal: Sendable>: Sendable {
    /// How its call ends without an answer: the dependency said no, or couldn't be had.
    public typealias Failure = DependencyFailure<Refusal>
    /// Asks once. By the context's deadline it has to be over, and it should end early when the task is cancelled.
    public typealias Live = @Sendable (Request, CallContext) async throws(Failure) -> Value

    private let dependency: Dependency
    private let isIdempotent: Bool
    private let live: Live

    /// - Parameters:
    ///   - step: the dependency, as the path declares it.
    ///   - operation: what it is asked for, as `GET /csp` lists it.
    ///   - isIdempotent: whether asking twice is asking once. Only then is a failed try repeated while a customer waits.
    ///   - live: asks, once; by `context.deadline` it has to be over.
    public init(_ step: CriticalStep, _ operation: String, isIdempotent: Bool, live: @escaping Live) {
        dependency = step.dependency
        self.isIdempotent = isIdempotent
        self.live = live
        dependency.declare(operation: operation)
    }

    /// Asks, under the dependency's policies.
    ///
    /// - Throws: ``DependencyFailure``; `unavailable` also when a policy would not let the call be made. Whether anything was
    ///   done all the same, by an earlier try for one, ``Unavailability/mayHaveBeenDone`` says. Cancelling the task ends the
    ///   call.
    public func call(_ request: Request, for caller: Caller) async throws(Failure) -> Value {
        try await dependency.run(caller, isIdempotent: isIdempotent) { [live] (context) async throws(Failure) -> Value in
            try await live(request, context)
        }
    }
}
