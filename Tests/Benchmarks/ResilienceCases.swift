import Resilience

/// One thing whose price is taken: so many calls, one after the other, of which each has to end the same way.
struct ResilienceCase: Sendable {
    /// Makes `count` calls; answers how many of them had a value.
    typealias Calls = @Sendable (_ count: Int) async -> Int

    var name: String
    /// Whether the calls succeed; otherwise each is refused.
    var succeeds = true
    var calls: Calls

    struct Broken: Error, CustomStringConvertible {
        var description: String
    }

    /// - Throws: ``Broken`` when a call ends otherwise than it has to: then it is something else that was measured.
    func make(_ count: Int) async throws(Broken) {
        let successes = await calls(count)
        guard successes == (succeeds ? count : 0) else {
            throw Broken(description: "\(name): \(successes) of \(count) calls had a value")
        }
    }
}

extension ResilienceCase {
    static let bare = ResilienceCase(name: "bare call") { count in
        var successes = 0
        for number in 0..<count {
            if let value = try? await answer(number, CallContext()), value == number { successes += 1 }
        }
        return successes
    }

    static func all() throws -> (alone: [ResilienceCase], pipeline: ResilienceCase, refusals: [ResilienceCase]) {
        let bulkhead = try Bulkhead(.init(limit: 32))
        let total = try Timeout(.seconds(1))
        let retry = try Retry(budget: RetryBudget())
        let breaker = try CircuitBreaker()
        let attempt = try Timeout(.milliseconds(300))
        let pipeline = Pipeline {
            bulkhead
            total
            retry
            breaker
            attempt
        }
        let full = try Bulkhead(.init(limit: 1))
        guard full.acquire() else { throw Broken(description: "a bulkhead that is full from the beginning") }
        let open = try CircuitBreaker(
            .init(window: .calls(1), minimumCalls: 1, openTime: .seconds(3600), longestOpenTime: .seconds(3600)))
        if case .permit(let permit) = open.acquire(at: .now) { open.settle(permit, .faulty, slow: false, at: .now) }
        return (
            alone: [
                ResilienceCase(name: "bulkhead", calls: calls(under: bulkhead)),
                ResilienceCase(name: "timeout", calls: calls(under: total)),
                ResilienceCase(name: "retry, budget", calls: calls(under: retry)),
                ResilienceCase(name: "breaker", calls: calls(under: breaker)),
            ],
            pipeline: ResilienceCase(name: "pipeline", calls: calls(under: pipeline)),
            refusals: [
                ResilienceCase(name: "open breaker", succeeds: false, calls: calls(under: open)),
                ResilienceCase(name: "full bulkhead", succeeds: false, calls: calls(under: full)),
            ]
        )
    }

    static func calls(under policy: some Policy) -> Calls {
        { count in
            var successes = 0
            for number in 0..<count {
                do throws(CallFailure<Outage>) {
                    let value = try await policy.run { (context) async throws(Outage) -> Int in
                        try await answer(number, context)
                    }
                    if value == number { successes += 1 }
                } catch {
                    continue
                }
            }
            return successes
        }
    }
}

struct Outage: Error {}

/// The operation: asynchronous, able to fail, and over at once.
@inline(never)
private func answer(_ number: Int, _ context: CallContext) async throws(Outage) -> Int {
    if number < 0 { throw Outage() }
    return number
}
