import TestSupport
import Testing

@testable import Resilience

@Suite("A call's context", .timeLimit(.minutes(10)))
struct CallContextTests {
    private let start = ContinuousClock.now

    @Test("by default: the task's deadline, no priority, not repeatable, first try")
    func defaults() async {
        let context = CallContext()
        #expect(
            context.deadline == nil && context.priority == .normal && !context.isIdempotent
                && context.attempt == 1)
        let deadline = Deadline.after(.seconds(3), from: start)
        await Deadline.withEarlier(deadline) {
            #expect(CallContext().deadline == deadline)
            #expect(CallContext(deadline: nil).deadline == nil)
            #expect(
                CallContext(deadline: .after(.seconds(9), from: start)).deadline
                    == .after(.seconds(9), from: start))
        }
        #expect(CallContext().deadline == nil)
    }

    @Test("of two limits the earlier stays, in either order")
    func limited() {
        let (early, late) = (
            Deadline.after(.seconds(1), from: start), Deadline.after(.seconds(2), from: start)
        )
        for order in [[early, late], [late, early], [early, early]] {
            var context = CallContext(deadline: nil)
            for deadline in order { context.limit(to: deadline) }
            #expect(context.deadline == early)
        }
    }

    @Test("the clock is read once, and again after a wait")
    func now() {
        let time = ManualTime()
        let reads = Recorded<Void>()
        let source = TimeSource(
            now: {
                reads.add(())
                return time.source.now()
            }, sleep: { _ in })
        var context = CallContext(deadline: nil)
        let first = context.now(source)
        time.advance(by: .seconds(1))
        #expect(context.now(source) == first && reads.all.count == 1)
        context.waited()
        #expect(context.now(source) == first.advanced(by: .seconds(1)) && reads.all.count == 2)
    }

    @Test(
        "a context that is passed on to the next dependency carries no time: an instant answer isn't slow",
        arguments: [1, 2])
    func handedOn(policies: Int) async throws {
        let time = ManualTime()
        let environment = PolicyEnvironment(time: time.source)
        let next = try CircuitBreaker(
            .init(window: .calls(4), minimumCalls: 2, slowCall: .milliseconds(100)), environment: environment)
        let first = try CircuitBreaker(environment: environment)
        for _ in 0..<4 {
            let used = try await first.run { context in
                time.advance(by: .seconds(1))
                if policies == 1 {
                    try await next.run(context) { _ in }
                } else {
                    try await Pipeline { next }.run(context) { _ in }
                }
                return context
            }
            time.advance(by: .seconds(1))
            try await next.run(used) { _ in }
        }
        #expect(next.phase == .closed && next.snapshot.slowCalls == 0)
    }

    @Test("priorities compare by rank")
    func priorities() {
        #expect(Priority(rank: -1) < .normal && .normal < Priority(rank: 1))
        #expect([Priority(rank: 2), .normal, Priority(rank: 1)].max() == Priority(rank: 2))
    }
}
