public import Resilience

/// One thing that a critical dependency is asked for. **Its call throws**, and there is no way to give it a
/// made-up success: who calls it has to say what becomes of the purchase without.
public struct CriticalOperation<Request: Sendable, Value: Sendable, Refusal: Sendable>: Sendable {
    /// How its call ends without an answer: the dependency said no, or couldn't be had.
    public typealias Failure = DependencyFailure<Refusal>
    /// Asks once. By the context's deadline it has to be over, and it should end early when the task is
    /// cancelled.
    public typealias Live = @Sendable (Request, CallContext) async throws(Failure) -> Value

    private let operation: Operation
    private let isIdempotent: Bool
    private let live: Live

    /// - Parameters:
    ///   - step: the dependency, as the path declares it.
    ///   - operation: what it is asked for, as `GET /csp` lists it; a name of its own among those of the
    ///     dependency.
    ///   - route: how the other end calls it, `POST /redemptions`: what an injected fault is given to. Nil,
    ///     the default: not said.
    ///   - isIdempotent: whether asking twice is asking once. Only then is a failed try repeated while a
    ///     customer waits.
    ///   - concurrency: calls of one criticality under way at once, where that has to be fewer than the
    ///     dependency's protection admits; at least 1. Nil, the default: as many as that.
    ///   - live: asks, once; by `context.deadline` it has to be over.
    /// - Throws: `InvalidConfiguration` where the operation has no name, or one that is taken.
    public init(
        _ step: CriticalDependency, _ operation: String, route: String? = nil, isIdempotent: Bool,
        concurrency: Int? = nil,
        live: @escaping Live
    ) throws(InvalidConfiguration) {
        self.operation = try step.dependency.operation(operation, route: route, concurrency: concurrency)
        self.isIdempotent = isIdempotent
        self.live = live
    }

    /// Asks, under the dependency's policies.
    ///
    /// - Throws: ``DependencyFailure``; `unavailable` also when a policy would not let the call be made.
    ///   Whether anything was done all the same, by an earlier try for one,
    ///   ``Unavailability/mayHaveBeenDone`` says. Cancelling the task ends the call.
    public func call(_ request: Request, for caller: Caller) async throws(Failure) -> Value {
        try await operation.run(caller, isIdempotent: isIdempotent) {
            [live] (context) async throws(Failure) -> Value in
            try await live(request, context)
        }
    }
}
