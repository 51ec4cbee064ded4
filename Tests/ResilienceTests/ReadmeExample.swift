import Resilience

enum QuoteError: Error { case unknownProduct, noAnswer }

/// First listed, outermost. One for each dependency, shared by all calls to it.
func protected() throws -> some Policy {
    let environment = PolicyEnvironment(name: "quotes") { event in print(event) }
    return try Pipeline {
        try Bulkhead(.init(limit: 32, waiting: 64), environment: environment)
        try Timeout(.milliseconds(500), environment: environment)
        try Retry(.init(attempts: 2), budget: RetryBudget(), environment: environment)
        try CircuitBreaker(.init(failureRate: 0.3, openDuration: .seconds(1)), environment: environment)
        try Timeout(.milliseconds(200), environment: environment)
    }
}

typealias Ask = @Sendable (String, Deadline?) async throws(QuoteError) -> Int

func quote(_ sku: String, _ policies: some Policy, ask: Ask) async -> Int? {
    let call = CallContext(deadline: .after(.seconds(1)), isIdempotent: true)
    do throws(CallFailure<QuoteError>) {
        return try await policies.run(call, classify: { $0 == .noAnswer ? .transient : .refusal }) {
            (context) async throws(QuoteError) in try await ask(sku, context.deadline)
        }
    } catch {
        print("no quote for \(sku): \(error)")
        return nil
    }
}
