import Resilience
import TestSupport
import Testing

@Suite("A timeout", .timeLimit(.minutes(10)))
struct TimeoutTests {
    private struct Broken: Error, Equatable {}

    private let time = ManualTime()
    private let events = Recorded<PolicyEvent.Kind>()

    private var environment: PolicyEnvironment {
        PolicyEnvironment(name: "coupon", time: time.source, report: { [events] in events.add($0.kind) })
    }

    private func timeout(_ limit: Duration, _ enforcement: Timeout.Enforcement = .byOperation) throws
        -> Timeout
    {
        try Timeout(limit, enforcement: enforcement, environment: environment)
    }

    private func after(_ duration: Duration) -> Deadline { .after(duration, from: time.source.now()) }

    @Test("of nested ones and the caller's deadline the operation is given the earliest")
    func nested() async throws {
        let expected = after(.seconds(2))
        for (outer, inner, own) in [(2, 5, 9), (5, 2, 9), (5, 9, 2)] {
            let pipeline = Pipeline {
                try! timeout(.seconds(outer))
                try! timeout(.seconds(inner))
            }
            try await pipeline.run(CallContext(deadline: after(.seconds(own)))) {
                #expect($0.deadline == expected)
            }
        }
    }

    @Test(
        "a call whose time is over is not made", arguments: [Timeout.Enforcement.byOperation, .byCancelling])
    func over(enforcement: Timeout.Enforcement) async throws {
        let timeout = try timeout(.seconds(1), enforcement)
        for budget in [Duration.zero, .seconds(-1)] {
            await #expect(throws: CallFailure<Never>.rejected(.deadlineExceeded)) { () async throws in
                try await timeout.run(CallContext(deadline: after(budget))) { _ in
                    Issue.record("the call was made")
                }
            }
        }
        #expect(events.all == [.rejected(.deadlineExceeded), .rejected(.deadlineExceeded)])
    }

    @Test("by the operation, nothing ends it: a late value is a value")
    func byOperation() async throws {
        let value = try await timeout(.seconds(1)).run { [time] _ in
            time.advance(by: .seconds(5))
            return "late"
        }
        #expect(value == "late" && events.all.isEmpty)
    }

    @Test("by cancelling, work that waits ends when its time is over, and that counts against the dependency")
    func byCancelling() async throws {
        let timeout = try timeout(.seconds(1), .byCancelling)
        let call = Task { [time] in
            try await timeout.run { (_) async throws in try await time.source.sleep(.seconds(60)) }
        }
        await time.sleepers(2)
        time.advance(by: .milliseconds(999))
        await time.sleepers(2)
        #expect(events.all.isEmpty)
        time.advance(by: .milliseconds(1))
        do {
            try await call.value
            Issue.record("no failure")
        } catch let error as CallFailure<any Error> {
            guard case .rejected(.timedOut) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(error.disposition == .transient)
        }
        #expect(time.elapsed == .seconds(1) && events.all == [.rejected(.timedOut)])
    }

    @Test("by cancelling, an outcome in time counts, a failure too, and the timer ends")
    func inTime() async throws {
        let timeout = try timeout(.seconds(1), .byCancelling)
        #expect(try await timeout.run { _ in "value" } == "value")
        await #expect(throws: CallFailure<Broken>.failed(Broken(), .transient)) { () async throws in
            try await timeout.run { (_) async throws(Broken) in throw Broken() }
        }
        time.advance(by: .seconds(5))
        #expect(events.all.isEmpty)
    }

    @Test(
        "work that ignores its cancellation delays the call; a value that it still makes isn't thrown away"
    )
    func ignoring() async throws {
        let timeout = try timeout(.seconds(1), .byCancelling)
        for isValue in [true, false] {
            let (gate, opening) = AsyncStream.makeStream(of: Void.self)
            let hasEnded = Recorded<Void>()
            let call = Task {
                let result: Result<String, CallFailure<Broken>>
                do throws(CallFailure<Broken>) {
                    result = .success(
                        try await timeout.run { (_) async throws(Broken) in
                            // Deaf: it waits in a detached task, which nothing cancels.
                            await Task.detached { for await _ in gate { break } }.value
                            if !isValue { throw Broken() }
                            return "late"
                        })
                } catch {
                    result = .failure(error)
                }
                hasEnded.add(())
                return result
            }
            await time.sleepers(1)
            time.advance(by: .seconds(1))
            for _ in 0..<100 { await Task.yield() }
            #expect(hasEnded.all.isEmpty)
            opening.finish()
            #expect(await call.value == (isValue ? .success("late") : .failure(.rejected(.timedOut))))
        }
    }

    @Test("a cancelled caller is not told that the dependency was too slow")
    func cancelled() async throws {
        let timeout = try timeout(.seconds(1), .byCancelling)
        let call = Task { [time] in
            do throws(CallFailure<any Error>) {
                try await timeout.run { (_) async throws in try await time.source.sleep(.seconds(60)) }
                return Disposition?.none
            } catch {
                return error.disposition
            }
        }
        await time.sleepers(2)
        call.cancel()
        #expect(await call.value == .ignored)
        #expect(events.all.isEmpty && time.elapsed == .zero)
    }

    @Test("new numbers are for the calls from now on; bad ones leave the old in place")
    func reconfigured() async throws {
        let timeout = try timeout(.seconds(1))
        try timeout.reconfigure(.init(limit: .seconds(3)))
        let expected = after(.seconds(3))
        try await timeout.run { [time] context in
            #expect(context.deadline == expected)
            try? timeout.reconfigure(.init(limit: .seconds(7)))
            time.advance(by: .seconds(1))
            #expect(context.deadline == expected)
        }
        #expect(throws: InvalidConfiguration.self) { try timeout.reconfigure(.init(limit: .zero)) }
        #expect(timeout.configuration.limit == .seconds(7))
        #expect(throws: InvalidConfiguration.self) { try Timeout(.seconds(-1)) }
    }
}
