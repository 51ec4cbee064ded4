/// Policies around one call, **the first listed outermost**.
///
/// ```swift
/// let coupon = Pipeline {
///     bulkhead
///     Timeout(.milliseconds(300))
///     retry
///     breaker
///     Timeout(.milliseconds(100))
/// }
/// let answer = try await coupon.run { context in try await ask(until: context.deadline) }
/// ```
/// The order above is the one to start from; the catalogue's article "Which policy, in which order" says why.
public struct Pipeline<Layers: Policy>: Policy {
    /// The policies, nested.
    public let layers: Layers

    /// Lists the policies, the outermost first. What creating them throws is rethrown.
    @inlinable
    public init(@PipelineBuilder _ layers: () throws -> Layers) rethrows { self.layers = try layers() }

    @inlinable
    public func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        try await layers.apply(context, operation)
    }
}

/// Lists the policies of a ``Pipeline``.
@resultBuilder
public enum PipelineBuilder {
    /// The outermost policy.
    @inlinable
    public static func buildPartialBlock<First: Policy>(first: First) -> First { first }

    /// Puts the next policy inside those listed before it.
    @inlinable
    public static func buildPartialBlock<Outer: Policy, Inner: Policy>(accumulated: Outer, next: Inner)
        -> Layered<Outer, Inner>
    {
        Layered(outer: accumulated, inner: next)
    }
}

/// One policy inside another; made by ``PipelineBuilder``.
public struct Layered<Outer: Policy, Inner: Policy>: Policy {
    /// The policy next to the caller.
    public let outer: Outer
    /// The policy next to the operation.
    public let inner: Inner

    /// Puts `inner` inside `outer`.
    @inlinable
    public init(outer: Outer, inner: Inner) {
        self.outer = outer
        self.inner = inner
    }

    @inlinable
    public func apply<Value: Sendable, Failure: Error>(
        _ context: CallContext,
        _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
    ) async throws(CallFailure<Failure>) -> Value {
        try await outer.apply(context) { (context) async throws(CallFailure<Failure>) -> Value in
            try await inner.apply(context, operation)
        }
    }
}
