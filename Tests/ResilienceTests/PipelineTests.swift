import Resilience
import TestSupport
import Testing

@Suite("A pipeline", .timeLimit(.minutes(10)))
struct PipelineTests {
    /// Records when it is entered and left, and with which context.
    private struct Witness: Policy {
        let name: String
        let log: Recorded<String>

        func apply<Value: Sendable, Failure: Error>(
            _ context: CallContext,
            _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
        ) async throws(CallFailure<Failure>) -> Value {
            log.add("in \(name) \(context.priority.rank)")
            var context = context
            context.priority = Priority(rank: context.priority.rank + 1)
            do throws(CallFailure<Failure>) {
                let value = try await operation(context)
                log.add("out \(name)")
                return value
            } catch {
                log.add("failed \(name)")
                throw error
            }
        }
    }

    private struct Refusing: Policy {
        func apply<Value: Sendable, Failure: Error>(
            _ context: CallContext,
            _ operation: @Sendable (CallContext) async throws(CallFailure<Failure>) -> Value
        ) async throws(CallFailure<Failure>) -> Value { throw .rejected(.throttled) }
    }

    private struct Broken: Error, Equatable {}

    private let log = Recorded<String>()

    private func witness(_ name: String) -> Witness { Witness(name: name, log: log) }

    @Test("the first listed is outermost, and each passes its own context on to the next")
    func order() async throws {
        let pipeline = Pipeline {
            witness("a")
            witness("b")
            witness("c")
        }
        let rank = try await pipeline.run { context in context.priority.rank }
        #expect(rank == 3)
        #expect(log.all == ["in a 0", "in b 1", "in c 2", "out c", "out b", "out a"])
    }

    @Test(
        "a failure passes every policy unchanged, and a refusal keeps the inner ones from seeing the call"
    )
    func failures() async throws {
        let pipeline = Pipeline {
            witness("a")
            witness("b")
        }
        await #expect(throws: CallFailure<Broken>.failed(Broken(), .permanent)) { () async throws in
            try await pipeline.run(classify: { _ in .permanent }) { (_) async throws(Broken) in throw Broken()
            }
        }
        #expect(log.all == ["in a 0", "in b 1", "failed b", "failed a"])
        let refusing = Pipeline {
            witness("outer")
            Refusing()
            witness("inner")
        }
        await #expect(throws: CallFailure<Never>.rejected(.throttled)) { () async throws in
            try await refusing.run { _ in Issue.record("a refused call was made") }
        }
        #expect(log.all.suffix(2) == ["in outer 0", "failed outer"])
    }

    @Test("a pipeline is a policy: alone, of one, and inside another")
    func nested() async throws {
        let inner = Pipeline {
            witness("b")
            witness("c")
        }
        let outer = Pipeline {
            witness("a")
            inner
            Pipeline { witness("d") }
        }
        try await outer.run { _ in }
        #expect(log.all.prefix(4) == ["in a 0", "in b 1", "in c 2", "in d 3"])
        #expect(log.all.suffix(4) == ["out d", "out c", "out b", "out a"])
    }

    @Test("an unclassified failure is the dependency's and may pass, unless it is a cancellation")
    func classified() async throws {
        await #expect(throws: CallFailure<Broken>.failed(Broken(), .transient)) { () async throws in
            try await Pipeline { witness("a") }.run { (_) async throws(Broken) in throw Broken() }
        }
        do {
            try await witness("b").run { (_) async throws in throw CancellationError() }
            Issue.record("no failure")
        } catch {
            #expect(error.disposition == .ignored)
        }
    }

    @Test("every policy of the library stands in one pipeline, and what isn't a policy stands around it")
    func everyPolicy() async throws {
        let environment = PolicyEnvironment(name: "stock", time: LeapingTime().source, random: .seeded(1))
        let faults = Faults(environment: environment)
        let pipeline = try Pipeline {
            try RateLimit(.init(permits: 100), environment: environment)
            try Throttle(environment: environment)
            try Bulkhead(.init(limit: 8), environment: environment)
            try Timeout(.seconds(1), environment: environment)
            try Retry(.init(attempts: 2), budget: RetryBudget(), environment: environment)
            try Hedge(budget: RetryBudget(), environment: environment)
            try Shedder(environment: environment)
            try CircuitBreaker(environment: environment)
            try Timeout(.milliseconds(500), environment: environment)
            faults
        }
        let flights = try SingleFlight<String, Int, CallFailure<Broken>>(environment: environment)
        let lastKnown = try FallbackCache<String, Int>(environment: environment)
        func stock(of sku: String) async throws -> Int {
            let value = try await flights.run(sku) { () async throws(CallFailure<Broken>) in
                try await pipeline.run(CallContext(deadline: nil, isIdempotent: true)) { _ throws(Broken) in 7
                }
            }
            lastKnown.store(value, for: sku)
            return value
        }
        #expect(try await stock(of: "P1") == 7)
        try faults.set([Fault(.error)])
        await #expect(throws: CallFailure<CallFailure<Broken>>.self) { try await stock(of: "P1") }
        #expect(lastKnown.lookup("P1")?.value == 7)
    }

    @Test("every refusal of this side says nothing about the dependency; a timeout and an injected fault do")
    func dispositions() {
        let ours: [Rejection] = [
            .deadlineExceeded, .circuitOpen(retryAfter: nil), .bulkheadFull, .limitReached,
            .rateLimited(retryAfter: .seconds(1)), .throttled, .cancelled, .cutShort,
        ]
        for rejection in ours { #expect(CallFailure<Never>.rejected(rejection).disposition == .ignored) }
        for rejection in [Rejection.timedOut] + FaultKind.allCases.map(Rejection.injected) {
            #expect(CallFailure<Never>.rejected(rejection).disposition == .transient)
        }
    }
}
