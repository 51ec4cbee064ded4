import TestSupport

@testable import Resilience
@testable import ServingPath

/// A path over time that only the test moves, with records of its reports.
struct Shop {
    let time = ManualTime()
    let outcomes = Recorded<CallOutcome>()
    let events = Recorded<PolicyEvent>()
    let path: CriticalPath

    /// Opens after two failures of two calls, for a second; one probe closes it.
    static let protection = Protection(
        timeout: .seconds(1), attemptTimeout: .milliseconds(400), queueTimeout: .seconds(2),
        retry: Retry.Configuration(attempts: 1), bulkhead: Bulkhead.Configuration(limit: 1),
        breaker: CircuitBreaker.Configuration(
            window: .calls(2), minimumCalls: 2, failureRate: 1, openDuration: .seconds(1),
            longestOpenDuration: .seconds(1),
            probes: 1, probeTimeout: .seconds(5)))

    init(isProtected: Bool = true) {
        path = CriticalPath(
            environment: PathEnvironment(
                time: time.source, random: .seeded(1), isProtected: isProtected,
                called: { [outcomes] _, outcome, _ in outcomes.add(outcome) },
                happened: { [events] in events.add($0) }))
    }

    static func declaration(
        _ name: String = "coupon", fallback: String = "none", effect: String = "none",
        protection: Protection = protection
    ) -> Declaration {
        Declaration(
            name: name, criticality: .sheddablePlus, fallback: fallback, effect: effect,
            protection: protection)
    }

    func status(_ name: String = "coupon") -> DependencyStatus {
        path.dependencies.first { $0.declaration.name == name }!
    }

    func customer(in budget: Duration = .seconds(1)) -> Caller {
        .customer(until: .after(budget, from: time.source.now()), .criticalPlus)
    }

    /// Returns when `isSo`; it waits for another task, not for time.
    func until(_ isSo: () -> Bool) async {
        while !isSo(), !Task.isCancelled { await Task.yield() }
    }
}

/// How a dependency answers; a test changes it, and counts.
final class Behaviour<Refusal: Sendable>: Sendable {
    typealias Answer = @Sendable (CallContext) async throws(DependencyFailure<Refusal>) -> String

    private let state: Locked<(answer: Answer, calls: [CallContext])>

    init(_ answer: @escaping Answer) { state = Locked((answer, [])) }

    convenience init() { self.init { (_) async throws(DependencyFailure<Refusal>) in "live" } }

    var calls: [CallContext] { state.withLock { $0.calls } }

    func answer(_ answer: @escaping Answer) { state.withLock { $0.answer = answer } }

    func fail(_ failure: DependencyFailure<Refusal>) {
        answer { (_) async throws(DependencyFailure<Refusal>) in throw failure }
    }

    func call(_ context: CallContext) async throws(DependencyFailure<Refusal>) -> String {
        let answer = state.withLock { state in
            state.calls.append(context)
            return state.answer
        }
        return try await answer(context)
    }
}

/// A call that stays under way until the gate opens.
struct Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let opening: AsyncStream<Void>.Continuation

    init() { (stream, opening) = AsyncStream.makeStream() }

    func open() { opening.finish() }

    /// Returns when open, or when the task is cancelled.
    func pass() async { for await _ in stream {} }
}

extension DependencyStatus {
    /// What a purchase meets.
    var met: TrafficStatus { foremost ?? operations[0].traffic.last! }
    var breaker: CircuitBreaker.Snapshot { met.breaker }
    var bulkhead: Bulkhead.Snapshot { met.bulkhead }
}
