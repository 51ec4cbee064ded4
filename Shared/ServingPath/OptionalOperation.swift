public import Resilience

/// One thing that an optional dependency is asked for. **Its call can't throw**: it isn't declared `throws`,
/// it can't be made without saying what happens instead, and it answers ``Served``. So the compiler, not a
/// reviewer, keeps an outage of it from failing a purchase.
///
/// A refusal by its rules is an answer like any other, a case of `Value`.
public struct OptionalOperation<Request: Sendable, Value: Sendable>: Sendable {
    /// Asks once. By the context's deadline it has to be over, and it should end early when the task is
    /// cancelled. It may throw nothing but the reason why there is no answer.
    public typealias Live = @Sendable (Request, CallContext) async throws(Unavailability) -> Value

    private let operation: Operation
    private let isIdempotent: Bool
    private let live: Live
    private let fallback: @Sendable (Request, Unavailability) async -> Fallback<Value>

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
    ///   - fallback: what there is instead, for the reason given. Asked only when there is no live answer.
    /// - Throws: `InvalidConfiguration` where the operation has no name, or one that is taken.
    public init(
        _ step: OptionalDependency, _ operation: String, route: String? = nil, isIdempotent: Bool,
        concurrency: Int? = nil,
        live: @escaping Live,
        fallback: @escaping @Sendable (Request, Unavailability) async -> Fallback<Value>
    ) throws(InvalidConfiguration) {
        self.operation = try step.dependency.operation(operation, route: route, concurrency: concurrency)
        self.isIdempotent = isIdempotent
        self.live = live
        self.fallback = fallback
    }

    /// Whether the breaker of the calls of this criticality is open now: they aren't made.
    public func isOpen(for criticality: Criticality) -> Bool {
        let breaker = operation[criticality].breaker
        return !breaker.isClosed && breaker.phase == .open
    }

    /// Asks, under the dependency's policies; whatever happens, there is an answer. Cancelling the task ends
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
