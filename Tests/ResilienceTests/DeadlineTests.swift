import Resilience
import TestSupport
import Testing

@Suite("A deadline", .timeLimit(.minutes(10)))
struct DeadlineTests {
    private let start = ContinuousClock.now

    private func after(_ seconds: Int) -> Deadline { .after(.seconds(seconds), from: start) }

    @Test("nested ones take the earlier, inner or outer, and the outer one is back afterwards")
    func earlier() async {
        #expect(Deadline.current == nil)
        await Deadline.withEarlier(after(5)) {
            #expect(Deadline.current == after(5))
            await Deadline.withEarlier(after(9)) { #expect(Deadline.current == after(5)) }
            await Deadline.withEarlier(after(2)) {
                #expect(Deadline.current == after(2))
                await Deadline.withEarlier(after(3)) { #expect(Deadline.current == after(2)) }
            }
            #expect(Deadline.current == after(5))
        }
        #expect(Deadline.current == nil)
    }

    @Test("children inherit it, detached tasks don't, and what the body throws comes through with its type")
    func inherited() async {
        struct Broken: Error, Equatable {}
        await Deadline.withEarlier(after(5)) {
            async let child = Deadline.current
            #expect(await child == after(5))
            #expect(await Task.detached { Deadline.current }.value == nil)
        }
        await #expect(throws: Broken()) { () async throws in
            try await Deadline.withEarlier(after(5)) { () async throws(Broken) in throw Broken() }
        }
        #expect(Deadline.current == nil)
    }

    @Test("has passed from its own instant on, and what is left then is negative")
    func passed() {
        let deadline = after(1)
        #expect(!deadline.hasPassed(at: start) && deadline.remaining(at: start) == .seconds(1))
        #expect(deadline.hasPassed(at: deadline.instant) && deadline.remaining(at: deadline.instant) == .zero)
        #expect(deadline.remaining(at: start.advanced(by: .seconds(3))) == .seconds(-2))
        for budget in [Duration.zero, .seconds(-1)] {
            #expect(Deadline.after(budget, from: start).hasPassed(at: start))
        }
        #expect(after(1) < after(2) && min(after(2), after(1)) == after(1))
    }

    @Test("an allowance is the shorter of limit and rest, less the margin, and never negative")
    func allowance() {
        let deadline = after(10)
        #expect(deadline.allowance(upTo: .seconds(3), at: start) == .seconds(3))
        #expect(deadline.allowance(upTo: .seconds(30), at: start) == .seconds(10))
        #expect(deadline.allowance(upTo: .seconds(30), margin: .seconds(4), at: start) == .seconds(6))
        #expect(deadline.allowance(upTo: .seconds(30), margin: .seconds(11), at: start) == .zero)
        #expect(deadline.allowance(upTo: .seconds(30), at: start.advanced(by: .seconds(11))) == .zero)
    }

    @Test("the task's deadline reaches the call by itself, and a policy takes the earlier of it and its own")
    func intoThePipeline() async throws {
        let time = ManualTime()
        let timeout = try Timeout(.seconds(2), environment: PolicyEnvironment(time: time.source))
        let now = time.source.now()
        for (task, expected) in [(1, 1), (9, 2)] {
            try await Deadline.withEarlier(.after(.seconds(task), from: now)) { () async throws in
                try await timeout.run { context in
                    #expect(context.deadline == .after(.seconds(expected), from: now))
                }
            }
        }
    }
}
