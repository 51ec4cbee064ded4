/// Goes around the calls to dependencies, to record them.
public protocol CallObserver: Sendable {
    /// Makes one call by running `body` once, and passes on what that returns or throws. What the policies
    /// report of the call, to ``PathEnvironment/called`` and ``PathEnvironment/happened``, they report
    /// inside.
    func observe<Value: Sendable, Refusal: Sendable>(
        _ dependency: String, _ operation: String, isCritical: Bool,
        _ body: () async throws(DependencyFailure<Refusal>) -> Value
    ) async throws(DependencyFailure<Refusal>) -> Value
}
