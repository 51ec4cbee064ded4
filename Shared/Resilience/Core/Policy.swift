/// One way of keeping a call and its caller out of trouble: a breaker, a bulkhead, a retry …
///
/// A policy works alone (`breaker.run { … }`) or in a ``Pipeline``. Whoever makes a call uses
/// ``run(_:classify:_:)``; whoever writes a policy implements ``apply(_:_:)``.
public protocol Policy: Sendable {
    /// Runs `operation` under this policy: once, not at all, or several times, with a context of the policy's
    /// making.
    ///
    /// Cancelling the task cancels what waits inside, and gives back whatever the policy had taken.
    /// - Throws: what `operation` threw last, or the ``Rejection`` of a policy that would not let it run.
    func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value
}

extension Policy {
    /// Makes one call under this policy.
    ///
    /// - Parameters:
    ///   - context: deadline, priority, and whether the call may be repeated. By default the task's own
    ///     deadline, priority 0, not repeatable.
    ///   - classify: what a failure says about the dependency. By default a cancellation says nothing, a
    ///     failure of policies that the operation itself uses says what it said there, and everything else is
    ///     the dependency's fault and may pass.
    ///   - operation: the call itself. Work that waits should wait no longer than `context.deadline`.
    /// - Throws: ``CallFailure/rejected(_:)`` when a policy refused, ``CallFailure/failed(_:_:)`` when the
    ///   operation failed.
    @inlinable
    public func run<Value: Sendable, Failure: Error>(
        _ context: CallContext = CallContext(),
        classify: @Sendable (Failure) -> Disposition = { Disposition(of: $0) },
        _ operation: @Sendable (CallContext) async throws(Failure) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        try await apply(context) { (context) async throws(CallFailure<Failure>) -> Value in
            // When this call began is not when those begin that the operation makes with its context, by and
            // by.
            var context = context
            context.waited()
            do throws(Failure) {
                return try await operation(context)
            } catch {
                throw .failed(error, classify(error))
            }
        }
    }
}
