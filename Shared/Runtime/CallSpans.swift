import Resilience
import ServingPath
import Telemetry
import Tracing

/// A span for each call to a dependency, its policies' decisions as events.
struct CallSpans: CallObserver {
    func observe<Value: Sendable, Refusal: Sendable>(
        _ dependency: String, _ operation: String, isCritical: Bool,
        _ body: () async throws(DependencyFailure<Refusal>) -> Value
    ) async throws(DependencyFailure<Refusal>) -> Value {
        try await ServiceSpan.within("\(dependency) \(operation)") {
            (span) async throws(DependencyFailure<Refusal>) in
            span?.set("csp.dependency", .string(dependency))
            span?.set("csp.operation", .string(operation))
            do throws(DependencyFailure<Refusal>) {
                return try await body()
            } catch {
                if case .unavailable(let why) = error {
                    span?.fail(why.reason.rawValue)
                    if !isCritical { span?.add("fallback") }
                }
                throw error
            }
        }
    }
}

extension ServiceSpan {
    /// How a call ended.
    func called(_ outcome: CallOutcome) { set("csp.outcome", .string(outcome.rawValue)) }

    /// What a policy did with a call.
    func add(_ event: PolicyEvent) {
        switch event.kind {
        case .rejected(let rejection):
            add("rejected", ["reason": .string(Unavailability(rejection: rejection).reason.rawValue)])
        case .retrying(let attempt, let delay):
            add(
                "retry",
                ["attempt": .int64(Int64(attempt)), "delay_ms": .int64(Int64(delay / .milliseconds(1)))])
        case .retryBudgetSpent: add("retry-budget-spent")
        case .breakerChanged(let from, let to, let reason):
            add(
                "breaker",
                [
                    "from": .string(from.rawValue), "to": .string(to.rawValue), "reason": .string(reason),
                    "policy": .string(event.name),
                ])
        case .hedged: add("hedged")
        case .faultInjected(let kind): add("fault-injected", ["kind": .string(kind)])
        case .storageFailed(let reason): add("storage-failed", ["reason": .string(reason)])
        }
    }
}
