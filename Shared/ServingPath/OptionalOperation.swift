public import Resilience

/// One thing that an optional dependency is asked for. **Its call can't throw**: it isn't declared `throws`,
/// it needs a fallback to be made at all, and it answers ``Served``. So the compiler, not a reviewer, keeps
/// an outage of it from failing a purchase.
///
/// A refusal by the dependency's rules is an answer like any other, a case of `Value`.
public struct OptionalOperation<Request: Sendable, Value: Sendable>: Sendable {
    /// Calls once. It has to end by the context's deadline, and should end early when the task is cancelled.
    /// It may throw nothing but the reason why there is no answer.
    public typealias Live = @Sendable (Request, CallContext) async throws(Unavailability) -> Value

    private let operation: Operation
    private let isIdempotent: Bool
    private let live: Live
    private let fallback: @Sendable (Request, Unavailability) async -> Fallback<Value>

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
    ///   - fallback: what is answered instead, for the reason given. Called only when there is no live
    ///     answer.
    /// - Throws: `InvalidConfiguration` where the operation has no name, or one that is taken.
    public init(
        _ dependency: OptionalDependency, _ operation: String, route: String? = nil, isIdempotent: Bool,
        concurrency: Int? = nil,
        live: @escaping Live,
        fallback: @escaping @Sendable (Request, Unavailability) async -> Fallback<Value>
    ) throws(InvalidConfiguration) {
        self.operation = try dependency.dependency.operation(
            operation, route: route, concurrency: concurrency)
        self.isIdempotent = isIdempotent
        self.live = live
        self.fallback = fallback
    }

    /// Whether the breaker of this criticality is open, so that calls are refused.
    public func isOpen(for criticality: Criticality) -> Bool {
        let breaker = operation[criticality].breaker
        return !breaker.isClosed && breaker.phase == .open
    }

    /// Calls under the dependency's policies; whatever happens, there is an answer. Cancelling the task ends
    /// the call, and the fallback answers.
    public func call(_ request: Request, for caller: Caller) async -> Served<Value> {
        do throws(DependencyFailure<Never>) {
            let value = try await operation.run(caller, isIdempotent: isIdempotent) {
                [live] (context) async throws(DependencyFailure<Never>) -> Value in
                do throws(Unavailability) {
                    return try await live(request, context)
                } catch {
                    throw .unavailable(error)
                }
            }
            return .live(value)
        } catch {
            switch error {
            case .unavailable(let reason):
                switch await fallback(request, reason) {
                case .cached(let value, let age): return .cached(value, age: age, reason: reason)
                case .computed(let value): return .computed(value, reason: reason)
                case .absent: return .absent(reason: reason)
                }
            }
        }
    }
}
