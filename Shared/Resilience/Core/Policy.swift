/// One way of protecting a call and its caller: a breaker, a bulkhead, a retry …
///
/// A policy works alone (`breaker.run { … }`) or in a ``Pipeline``. Callers use ``run(_:classify:_:)``; a new
/// policy implements ``apply(_:_:)``.
public protocol Policy: Sendable {
    /// Runs `operation` under this policy: once, not at all, or several times, with a context of the policy's
    /// making.
    ///
    /// Cancelling the task cancels what waits inside, and gives back what the policy had taken.
    /// - Throws: what `operation` threw last, or the ``Rejection`` of a policy that refused the call.
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
    ///     failure of policies that the operation itself uses keeps its disposition, and everything else
    ///     counts against the dependency and may pass.
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
            // The operation may use its context for calls that begin later than this one: those read the
            // clock again.
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
