import TestSupport
import Testing

@testable import Resilience

/// Whatever a call is doing when it is cancelled: it ends at once, and leaves nothing behind.
@Suite("Policies together, cancelled", .timeLimit(.minutes(10)))
struct InteractionsCancellationTests {
    private let time = ManualTime()
    private let inside = Recorded<Int>()
    private let bulkhead: Bulkhead
    private let breaker: CircuitBreaker
    private let retry: Retry
    private let timeout: Timeout

    init() throws {
        let environment = PolicyEnvironment(time: time.source, random: .seeded(1))
        bulkhead = try Bulkhead(.init(limit: 1, waiting: 100), environment: environment)
        breaker = try CircuitBreaker(
            .init(
                window: .calls(4), minimumCalls: 4, openDuration: .seconds(1), probes: 1,
                probeTimeout: .seconds(1000)),
            environment: environment)
        let backoff = Backoff(base: .seconds(1), cap: .seconds(1), floor: .seconds(1))
        retry = try Retry(.init(attempts: 3, backoff: backoff), budget: nil, environment: environment)
        timeout = try Timeout(.seconds(100), environment: environment)
    }

    /// The recommended order.
    private var pipeline: some Policy {
        Pipeline {
            bulkhead
            timeout
            retry
            breaker
            timeout
        }
    }

    private typealias Call = Task<CallFailure<TryFailure>?, Never>

    /// A call under `policy` that sleeps for `duration` and then fails; nil is a success.
    private func begin(_ policy: some Policy, sleeping duration: Duration, failing: Bool = false) -> Call {
        Task { [time, inside] in
            do throws(CallFailure<TryFailure>) {
                let context = CallContext(
                    deadline: .after(.seconds(500), from: time.source.now()), isIdempotent: true)
                try await policy.run(context) { context throws(TryFailure) in
                    inside.add(context.attempt)
                    // What a client throws when it is cancelled looks like a failure: it must not count.
                    do { try await time.source.sleep(duration) } catch { throw TryFailure(number: -1) }
                    if failing { throw TryFailure(number: context.attempt) }
                }
                return nil
            } catch {
                return error
            }
        }
    }

    /// Nothing is taken, no call waits, and nothing was learned.
    private func expectUntouched(
        calls: Int = 0, failures: Int = 0, _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(bulkhead.snapshot.inUse == 0 && bulkhead.snapshot.waiting == 0, sourceLocation: location)
        #expect(
            breaker.snapshot.calls == calls && breaker.snapshot.failures == failures, sourceLocation: location
        )
    }

    @Test(
        "a deadline passes in the bulkhead's queue: no call, no permit lost, nothing for the breaker"
    )
    func deadlineInTheQueue() async throws {
        let first = begin(pipeline, sleeping: .seconds(3))
        await time.sleepers(1)
        let second = Task { [pipeline, inside, time] in
            _ = await #expect(throws: CallFailure<Never>.rejected(.deadlineExceeded)) { () async throws in
                let context = CallContext(deadline: .after(.seconds(1), from: time.source.now()))
                try await pipeline.run(context) { _ in inside.add(99) }
            }
        }
        await time.sleepers(2)
        time.advance(by: .seconds(1))
        await second.value
        #expect(bulkhead.snapshot.inUse == 1 && bulkhead.snapshot.waiting == 0 && breaker.snapshot.calls == 0)
        time.advance(by: .seconds(2))
        #expect(await first.value == nil && inside.all == [1])
        expectUntouched(calls: 1)
        #expect(bulkhead.acquire() != nil)
    }

    @Test("its turn comes after its deadline: the call isn't made and the permit is passed on")
    func turnTooLate() async throws {
        let permit = try #require(bulkhead.acquire())
        let late = begin(pipeline, sleeping: .zero)
        let next = begin(pipeline, sleeping: .zero)
        await time.sleepers(2)
        // Both timers fire at the instant at which a permit comes back: for this call it is too late in any
        // order.
        time.advance(by: .seconds(500))
        bulkhead.release(permit)
        #expect(
            await [late.value, next.value] == [.rejected(.deadlineExceeded), .rejected(.deadlineExceeded)])
        #expect(inside.all.isEmpty)
        expectUntouched()
    }

    @Test("while it waits in the bulkhead")
    func inTheBulkhead() async throws {
        let permit = try #require(bulkhead.acquire())
        let call = begin(pipeline, sleeping: .zero)
        await time.sleepers(1)
        call.cancel()
        #expect(await call.value == .rejected(.cancelled))
        #expect(time.elapsed == .zero && inside.all.isEmpty)
        bulkhead.release(permit)
        expectUntouched()
    }

    @Test(
        "while it sleeps between two tries: no other one follows, and the tries that were made stay counted")
    func betweenTries() async {
        let call = begin(pipeline, sleeping: .zero, failing: true)
        await time.sleepers(1)
        #expect(bulkhead.snapshot.inUse == 1)
        call.cancel()
        #expect(await call.value == .rejected(.cancelled))
        #expect(time.elapsed == .zero && inside.all == [1])
        expectUntouched(calls: 1, failures: 1)
    }

    @Test("inside a try: its failure counts against none, and no other one follows")
    func insideATry() async {
        let call = begin(pipeline, sleeping: .seconds(9))
        await time.sleepers(1)
        call.cancel()
        let failure = await call.value
        #expect(failure?.disposition.isRetryable == false || failure == .rejected(.cancelled))
        #expect(time.elapsed == .zero && inside.all == [1])
        expectUntouched()
    }

    @Test("inside a try that a timeout can cancel, and in one that a timeout has cancelled")
    func insideARace() async throws {
        let racing = try Timeout(
            .seconds(5), enforcement: .byCancelling, environment: PolicyEnvironment(time: time.source))
        let raced = Pipeline {
            bulkhead
            retry
            breaker
            racing
        }
        let call = begin(raced, sleeping: .seconds(9))
        await time.sleepers(2)
        call.cancel()
        #expect(await call.value?.disposition.isRetryable != true || inside.all == [1])
        #expect(time.elapsed == .zero && inside.all == [1])
        expectUntouched()
        // Its own end, by contrast, is the dependency's fault.
        let slow = begin(raced, sleeping: .seconds(9))
        await time.sleepers(2)
        time.advance(by: .seconds(5))
        try await eventually { breaker.snapshot.calls > 0 }
        #expect(breaker.snapshot.failures == 1)
        slow.cancel()
        #expect(await slow.value == .rejected(.cancelled))
        expectUntouched(calls: 1, failures: 1)
    }

    @Test("inside a probe: the permit comes back, and the next call is the probe that closes the breaker")
    func insideAProbe() async {
        for _ in 0..<4 { _ = try? await breaker.run { (_) async throws in throw TryFailure() } }
        #expect(breaker.phase == .open)
        time.advance(by: .seconds(1))
        for _ in 0..<5 {
            let probe = begin(pipeline, sleeping: .seconds(9))
            await time.sleepers(1)
            #expect(breaker.phase == .halfOpen)
            probe.cancel()
            _ = await probe.value
            #expect(breaker.phase == .halfOpen && bulkhead.snapshot.inUse == 0)
        }
        #expect(await begin(pipeline, sleeping: .zero).value == nil)
        #expect(breaker.phase == .closed)
    }

    @Test("in a bulkhead inside a probe: the breaker outside it isn't stuck either")
    func waitingInsideAProbe() async throws {
        for _ in 0..<4 { _ = try? await breaker.run { (_) async throws in throw TryFailure() } }
        time.advance(by: .seconds(1))
        let permit = try #require(bulkhead.acquire())
        let inverted = Pipeline {
            breaker
            bulkhead
        }
        let probe = begin(inverted, sleeping: .zero)
        await time.sleepers(1)
        probe.cancel()
        #expect(await probe.value == .rejected(.cancelled))
        bulkhead.release(permit)
        #expect(await begin(inverted, sleeping: .zero).value == nil)
        #expect(breaker.phase == .closed)
    }

    @Test("while a hedge's two tries run: both end, both permits come back")
    func hedged() async throws {
        let wide = try Bulkhead(.init(limit: 2), environment: PolicyEnvironment(time: time.source))
        let hedge = try Hedge(.init(minimumSamples: 1), environment: PolicyEnvironment(time: time.source))
        try await hedge.run(CallContext(isIdempotent: true)) { [time] _ in
            time.advance(by: .milliseconds(100))
        }
        let call = begin(
            Pipeline {
                hedge
                wide
                breaker
            }, sleeping: .seconds(9))
        await time.sleepers(2)
        time.advance(by: .milliseconds(100))
        await time.sleepers(2)
        #expect(wide.snapshot.inUse == 2 && inside.all == [1, 2])
        call.cancel()
        #expect(await call.value != nil)
        #expect(wide.snapshot.inUse == 0 && time.elapsed == .milliseconds(200))
        expectUntouched()
    }

    @Test(
        "one of two who share a flight: the other stays, and when both have gone the work ends"
    )
    func sharedFlight() async throws {
        let flights = try SingleFlight<Int, Int, CallFailure<TryFailure>>(
            environment: PolicyEnvironment(time: time.source))
        func join() -> Task<Rejection?, Never> {
            Task { [pipeline, time, inside] in
                do throws(CallFailure<CallFailure<TryFailure>>) {
                    _ = try await flights.run(1) { () async throws(CallFailure<TryFailure>) in
                        try await pipeline.run { _ throws(TryFailure) in
                            inside.add(1)
                            do { try await time.source.sleep(.seconds(9)) } catch { throw TryFailure() }
                            return 1
                        }
                    }
                    return nil
                } catch {
                    if case .rejected(let rejection) = error { return rejection }
                    return nil
                }
            }
        }
        let (first, second) = (join(), join())
        try await eventually { flights.inUse.callers >= 2 }
        await time.sleepers(1)
        first.cancel()
        #expect(await first.value == .cancelled)
        #expect(bulkhead.snapshot.inUse == 1 && inside.all == [1] && flights.inUse.flights == 1)
        second.cancel()
        #expect(await second.value == .cancelled)
        try await eventually { flights.inUse.flights == 0 }
        expectUntouched()
    }

    @Test(
        "a shutdown with a hundred calls in every phase: all end, and the bulkhead is empty"
    )
    func shutdown() async throws {
        let wide = try Bulkhead(
            .init(limit: 40, waiting: 100), environment: PolicyEnvironment(time: time.source))
        let whole = Pipeline {
            wide
            timeout
            retry
            breaker
            timeout
        }
        let ended = Recorded<Bool>()
        let group = Task { [time] in
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    // The first three failures of the dependency leave it closed; the calls wait for their
                    // second try.
                    let isFailing = number < 3
                    group.addTask {
                        let result = await begin(
                            whole, sleeping: isFailing ? .zero : .seconds(9), failing: isFailing
                        ).joined()
                        ended.add(result != nil)
                    }
                }
            }
            _ = time
        }
        // 40 running, and the timers of the 60 that wait.
        await time.sleepers(100)
        #expect(wide.snapshot.inUse == 40 && wide.snapshot.waiting == 60)
        group.cancel()
        await group.value
        #expect(ended.all == Array(repeating: true, count: 100))
        #expect(time.elapsed == .zero && wide.snapshot.inUse == 0 && wide.snapshot.waiting == 0)
        #expect(breaker.phase == .closed && breaker.snapshot.failures <= 3)
    }
}

extension Task where Failure == Never {
    /// Its value; cancelling the waiting task cancels it.
    fileprivate func joined() async -> Success {
        await withTaskCancellationHandler {
            await value
        } onCancel: {
            cancel()
        }
    }
}
