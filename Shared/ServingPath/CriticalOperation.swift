public import Resilience

/// One thing that a critical dependency is asked for. **Its call throws**, and there is no way to give it a
/// made-up success: the caller has to say what becomes of the purchase without an answer.
public struct CriticalOperation<Request: Sendable, Value: Sendable, Refusal: Sendable>: Sendable {
    /// How its call ends without a success: the dependency refused, or was unavailable.
    public typealias Failure = DependencyFailure<Refusal>
    /// Calls once. It has to end by the context's deadline, and should end early when the task is cancelled.
    public typealias Live = @Sendable (Request, CallContext) async throws(Failure) -> Value

    private let operation: Operation
    private let isIdempotent: Bool
    private let live: Live

    /// - Parameters:
    ///   - dependency: as the path declares it.
    ///   - operation: the name of the operation in `GET /csp`, unique in its dependency.
    ///   - route: the dependency's route, `POST /redemptions`, by which faults are injected. Nil, the
    ///     default: none.
    ///   - isIdempotent: whether calling twice has the effect of calling once. Only then is a failed try
    ///     repeated while a customer waits.
    ///   - concurrency: calls of one criticality under way at once, if fewer than the dependency's protection
    ///     admits; at least 1. Nil, the default: as the protection says.
    ///   - live: calls once; it has to end by `context.deadline`.
    /// - Throws: `InvalidConfiguration` where the operation has no name, or one that is taken.
    public init(
        _ dependency: CriticalDependency, _ operation: String, route: String? = nil, isIdempotent: Bool,
        concurrency: Int? = nil,
        live: @escaping Live
    ) throws(InvalidConfiguration) {
        self.operation = try dependency.dependency.operation(
            operation, route: route, concurrency: concurrency)
        self.isIdempotent = isIdempotent
        self.live = live
    }

    /// Calls under the dependency's policies.
    ///
    /// - Throws: ``DependencyFailure``; `unavailable` also when a policy refused the call.
    ///   ``Unavailability/mayHaveBeenDone`` says whether the dependency may have done something all the same,
    ///   such as in an earlier try. Cancelling the task ends the call.
    public func call(_ request: Request, for caller: Caller) async throws(Failure) -> Value {
        try await operation.run(caller, isIdempotent: isIdempotent) {
            [live] (context) async throws(Failure) -> Value in
            try await live(request, context)
        }
    }
}
