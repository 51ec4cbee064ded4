import Resilience

/// One measured case: sequential calls, each of which has to end the same way.
struct ResilienceCase: Sendable {
    /// How the calls ended; a call with another ending is in neither.
    struct Ends: Sendable {
        var values = 0
        var refusals = 0
    }

    typealias Calls = @Sendable (_ count: Int) async -> Ends

    var name: String
    /// Whether the calls succeed; otherwise every call is refused.
    var succeeds = true
    var calls: Calls

    struct Broken: Error, CustomStringConvertible {
        var description: String
    }

    /// - Throws: ``Broken`` when a call has another ending: then something else was measured.
    func make(_ count: Int) async throws(Broken) {
        let ends = await calls(count)
        guard (succeeds ? ends.values : ends.refusals) == count else {
            throw Broken(
                description:
                    "\(name): of \(count) calls \(ends.values) had a value, \(ends.refusals) were refused")
        }
    }
}

extension ResilienceCase {
    static let bare = ResilienceCase(name: "bare call") { count in
        var ends = Ends()
        for number in 0..<count {
            if let value = try? await answer(number, CallContext()), value == number { ends.values += 1 }
        }
        return ends
    }

    static func all() throws -> (
        alone: [ResilienceCase], pipeline: ResilienceCase, refusals: [ResilienceCase]
    ) {
        let bulkhead = try Bulkhead(.init(limit: 32))
        let total = try Timeout(.seconds(1))
        let retry = try Retry(budget: RetryBudget())
        let breaker = try CircuitBreaker(.init(slowCall: .milliseconds(100)))
        let attempt = try Timeout(.milliseconds(300))
        let pipeline = Pipeline {
            bulkhead
            total
            retry
            breaker
            attempt
        }
        let full = try Bulkhead(.init(limit: 1))
        guard let taken = full.acquire() else {
            throw Broken(description: "a bulkhead that is full from the beginning")
        }
        let refusing = calls(under: full)
        let open = try CircuitBreaker(
            .init(
                window: .calls(1), minimumCalls: 1, openDuration: .seconds(3600),
                longestOpenDuration: .seconds(3600)))
        if case .permit(let permit) = open.acquire(at: .now) {
            open.settle(permit, .faulty, slow: false, at: .now)
        }
        let forcedOpen = try CircuitBreaker()
        forcedOpen.set(.forcedOpen)
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
                ResilienceCase(name: "forced open", succeeds: false, calls: calls(under: forcedOpen)),
                ResilienceCase(name: "full bulkhead", succeeds: false) { count in
                    // Held while it has to be full.
                    defer { withExtendedLifetime(taken) {} }
                    return await refusing(count)
                },
            ]
        )
    }

    static func calls(under policy: some Policy) -> Calls {
        { count in
            var ends = Ends()
            for number in 0..<count {
                do throws(CallFailure<Outage>) {
                    let value = try await policy.run { (context) async throws(Outage) -> Int in
                        try await answer(number, context)
                    }
                    if value == number { ends.values += 1 }
                } catch {
                    if case .rejected = error { ends.refusals += 1 }
                }
            }
            return ends
        }
    }
}

struct Outage: Error {}

/// The operation: asynchronous, throwing, and immediate.
@inline(never)
private func answer(_ number: Int, _ context: CallContext) async throws(Outage) -> Int {
    if number < 0 { throw Outage() }
    return number
}
