import TestSupport
import Testing

@testable import Resilience

@Suite("Throttle", .timeLimit(.minutes(10)))
struct ThrottleTests {
    private typealias Answer = CallFailure<TryFailure>
    private let time = LeapingTime()
    private let events = Recorded<PolicyEvent.Kind>()
    private let made = Recorded<Void>()

    private func throttle(_ configuration: Throttle.Configuration = .init(), unit: Double = 0) throws
        -> Throttle
    {
        let bits = UInt64(unit * 0x1p53) << 11
        return try Throttle(
            configuration,
            environment: PolicyEnvironment(
                time: time.source, random: RandomSource { bits }, report: { [events] in events.add($0.kind) })
        )
    }

    private func call(_ throttle: Throttle, _ disposition: Disposition?) async -> Answer? {
        do throws(Answer) {
            try await throttle.apply(CallContext()) { [made] (context) async throws(Answer) in
                made.add(())
                if let disposition { throw .failed(TryFailure(), disposition) }
            }
            return nil
        } catch {
            return error
        }
    }

    @Test("a dependency that answers is never throttled")
    func healthy() async throws {
        let throttle = try throttle()
        for _ in 0..<1_000 { #expect(await call(throttle, nil) == nil) }
        #expect(throttle.snapshot == .init(requests: 1_000, accepts: 1_000, rejection: 0))
        #expect(events.all.isEmpty)
    }

    @Test("a refusal is an answer, and what says nothing isn't counted")
    func counted() async throws {
        let throttle = try throttle()
        _ = await call(throttle, .refusal)
        _ = await call(throttle, .ignored)
        _ = await call(throttle, .transient)
        _ = await call(throttle, .permanent)
        #expect(throttle.snapshot == .init(requests: 3, accepts: 1, rejection: 0))
    }

    @Test("a call that was cancelled isn't counted, whatever its failure looks like; nor is a hedge's loser")
    func cancelled() async throws {
        let throttle = try throttle()
        await Task { [time] in
            _ = try? await throttle.run { (_) async throws(TryFailure) in
                withUnsafeCurrentTask { $0?.cancel() }
                time.advance(by: .seconds(1))
                throw TryFailure()
            }
        }.value
        #expect(throttle.snapshot.requests == 0)
        let hedge = try Hedge(.init(minimumSamples: 1), environment: PolicyEnvironment(time: time.source))
        try await hedge.run(CallContext(isIdempotent: true)) { _ in }
        try await hedge.run(CallContext(isIdempotent: true)) { context in
            try await throttle.run(context) { (context) async throws(TryFailure) in
                guard context.attempt == 1 else { return }
                // The loser fails because it is cancelled, and reports a lost connection.
                while !Task.isCancelled { await Task.yield() }
                throw TryFailure()
            }
        }
        #expect(throttle.snapshot == .init(requests: 1, accepts: 1, rejection: 0))
    }

    @Test(
        "half of the calls may fail with K = 2; beyond that, calls are refused with the book's probability")
    func formula() async throws {
        let throttle = try throttle(unit: 0.999)
        for _ in 0..<20 { _ = await call(throttle, nil) }
        for _ in 0..<20 { _ = await call(throttle, .transient) }
        #expect(throttle.snapshot.rejection == 0)
        for _ in 0..<10 { _ = await call(throttle, .transient) }
        #expect(throttle.snapshot == .init(requests: 50, accepts: 20, rejection: 10.0 / 51))
    }

    @Test("a refused call isn't made, counts as a request, and is reported")
    func rejected() async throws {
        let throttle = try throttle()
        for _ in 0..<10 { _ = await call(throttle, .transient) }
        #expect(made.all.count == 10 && throttle.snapshot.rejection == 0.9)
        #expect(await call(throttle, nil) == .rejected(.throttled))
        #expect(made.all.count == 10 && throttle.snapshot == .init(requests: 11, accepts: 0, rejection: 0.9))
        #expect(events.all == [.rejected(.throttled)])
    }

    @Test("few calls are no overload, and some always pass")
    func bounds() async throws {
        let throttle = try throttle(unit: 0.9)
        for _ in 0..<9 { _ = await call(throttle, .transient) }
        #expect(throttle.snapshot.rejection == 0)
        for _ in 0..<500 { #expect(await call(throttle, .transient) == .failed(TryFailure(), .transient)) }
        #expect(throttle.snapshot.rejection == 0.9)
    }

    @Test("what is older than the window is forgotten")
    func forgets() async throws {
        let throttle = try throttle()
        for _ in 0..<100 { _ = await call(throttle, .transient) }
        time.advance(by: .seconds(30))
        #expect(throttle.snapshot == .init(requests: 0, accepts: 0, rejection: 0))
        #expect(await call(throttle, nil) == nil)
    }

    @Test("a burst in flight is no failure", .timeLimit(.minutes(10)))
    func burst() async throws {
        let throttle = try throttle()
        let waiting = Watched(0)
        let time = ManualTime()
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    do throws(Answer) {
                        try await throttle.run(classify: { _ in .transient }) { _ throws(TryFailure) in
                            waiting.update { $0 += 1 }
                            try? await time.source.sleep(.seconds(1))
                        }
                        return true
                    } catch {
                        return false
                    }
                }
            }
            await time.sleepers(100)
            time.advance(by: .seconds(1))
            for await wasMade in group { #expect(wasMade) }
        }
        #expect(throttle.snapshot == .init(requests: 100, accepts: 100, rejection: 0))
    }

    @Test("a multiplier at which what was turned away is never let through again is refused")
    func multiplier() {
        #expect(Throttle.Configuration(multiplier: 1).problems.count == 1)
        #expect(Throttle.Configuration(multiplier: 1.1).problems.isEmpty)
    }

    @Test("every wrong number is listed, and the old ones stay")
    func configuration() throws {
        let wrong = Throttle.Configuration(
            multiplier: 0.5, window: .zero, minimumRequests: -1, maximumRejection: .nan)
        #expect(wrong.problems.count == 4)
        #expect(throws: InvalidConfiguration.self) { try Throttle(wrong) }
        let throttle = try throttle()
        #expect(throws: InvalidConfiguration(policy: "Throttle", problems: wrong.problems)) {
            try throttle.reconfigure(wrong)
        }
        #expect(throttle.configuration == Throttle.Configuration())
        try throttle.reconfigure(.init(window: .seconds(5)))
        #expect(throttle.configuration.window == .seconds(5))
    }
}
