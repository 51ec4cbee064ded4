import TestSupport
import Testing

@testable import Resilience
@testable import ServingPath

/// Lower criticalities and failing operations don't block the others.
@Suite("Operations and criticalities apart", .timeLimit(.minutes(10)))
struct OperationTrafficTests {
    private typealias Failure = DependencyFailure<String>

    private let shop = Shop()
    private let reserving = Behaviour<String>()
    private let looking = Behaviour<String>()

    private func dependency(
        _ operation: String, _ behaviour: Behaviour<String>, on step: CriticalDependency
    ) throws -> CriticalOperation<Int, String, String> {
        try CriticalOperation(step, operation, isIdempotent: true) { _, context async throws(Failure) in
            try await behaviour.call(context)
        }
    }

    private func caller(_ criticality: Criticality) -> Caller {
        .customer(until: .after(.seconds(1), from: shop.time.source.now()), criticality)
    }

    private func call(_ dependency: CriticalOperation<Int, String, String>, for caller: Caller) async
        -> Result<
            String, Failure
        >
    {
        do throws(Failure) {
            return .success(try await dependency.call(1, for: caller))
        } catch {
            return .failure(error)
        }
    }

    private func phases(_ operation: Int = 0) -> [BreakerPhase] {
        shop.status().operations[operation].traffic.map(\.breaker.phase)
    }

    // MARK: Breakers

    @Test(
        "calls that fail at one criticality open the breaker of that one alone",
        arguments: Criticality.allCases)
    func alone(criticality: Criticality) async throws {
        let reserve = try dependency("reserve", reserving, on: try shop.path.critical(Shop.declaration()))
        reserving.fail(.unavailable(.serverError))
        for _ in 0..<20 { _ = await call(reserve, for: caller(criticality)) }
        #expect(phases() == Criticality.allCases.map { $0 == criticality ? .open : .closed })
        reserving.answer { (_) async throws(Failure) in "reserved" }
        for other in Criticality.allCases where other != criticality {
            #expect(await call(reserve, for: caller(other)) == .success("reserved"))
        }
    }

    @Test("one operation that fails leaves the others as they are, whatever the criticality")
    func operations() async throws {
        let step = try shop.path.critical(Shop.declaration())
        let reserve = try dependency("reserve", reserving, on: step)
        let look = try dependency("product", looking, on: step)
        looking.fail(.unavailable(.serverError))
        for criticality in Criticality.allCases {
            for _ in 0..<20 { _ = await call(look, for: caller(criticality)) }
        }
        #expect(phases(0).allSatisfy { $0 == .closed } && phases(1).allSatisfy { $0 == .open })
        #expect(await call(reserve, for: caller(.criticalPlus)) == .success("live"))
    }

    @Test("healthy operations don't keep the breaker of a slow one closed")
    func notDiluted() async throws {
        var protection = Shop.protection
        protection.breaker.slowCall = .milliseconds(100)
        protection.breaker.slowCallRate = 1
        let step = try shop.path.critical(Shop.declaration(protection: protection))
        let reserve = try dependency("reserve", reserving, on: step)
        let look = try dependency("product", looking, on: step)
        reserving.answer { [time = shop.time] (_) async throws(Failure) in
            time.advance(by: .milliseconds(300))
            return "late"
        }
        for _ in 0..<2 {
            for _ in 0..<10 { _ = await call(look, for: caller(.sheddablePlus)) }
            _ = await call(reserve, for: caller(.criticalPlus))
        }
        #expect(phases(0)[3] == .open && phases(1)[1] == .closed)
    }

    /// Compared with a shop without the lower traffic: the higher calls end the same, call for call.
    @Test(
        "whatever else becomes of lower criticalities' calls, a higher one ends as it would without them"
    )
    func unchangedByLower() async throws {
        var random = SeededRandomSource("lower criticalities")
        let alone = Shop()
        let lonely = Behaviour<String>()
        // Not idempotent, so that its own call is the probe, and no task beside it has to be waited for.
        func declare(_ behaviour: Behaviour<String>, on shop: Shop) throws -> CriticalOperation<
            Int, String, String
        > {
            try CriticalOperation(try shop.path.critical(Shop.declaration()), "reserve", isIdempotent: false)
            {
                _, context async throws(Failure) in try await behaviour.call(context)
            }
        }
        let beside = try declare(reserving, on: shop)
        let without = try declare(lonely, on: alone)
        let bad: [Unavailability.Reason] = [
            .unreachable, .timeout, .serverError, .overloaded, .invalidAnswer, .connectionLost,
        ]
        for step in 0..<3_000 {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                reserving.fail(.unavailable(Unavailability(bad.randomElement(using: &random)!)))
                let lower = [Criticality.sheddable, .sheddablePlus, .critical].randomElement(using: &random)!
                _ = await call(beside, for: Bool.random(using: &random) ? .queue : caller(lower))
            }
            let answer: Result<String, Failure> =
                Bool.random(using: &random) ? .success("live") : .failure(.unavailable(.serverError))
            let behaviour: Behaviour<String>.Answer = { (_) async throws(Failure) in try answer.get() }
            reserving.answer(behaviour)
            lonely.answer(behaviour)
            let calls = (reserving.calls.count, lonely.calls.count)
            let seen = await call(beside, for: caller(.criticalPlus))
            do throws(Failure) {
                _ = try await without.call(1, for: alone.customer())
                #expect(seen == .success("live"), "step \(step)")
            } catch {
                #expect(seen == .failure(error), "step \(step)")
            }
            #expect(reserving.calls.count - calls.0 == lonely.calls.count - calls.1, "step \(step)")
            let pause = Duration.milliseconds(Int.random(in: 0...700, using: &random))
            shop.time.advance(by: pause)
            alone.time.advance(by: pause)
        }
    }

    // MARK: What is shared

    @Test(
        "a success at any criticality counts as a probe for all, once their open duration is over",
        arguments: Criticality.allCases)
    func successIsForAll(criticality: Criticality) async throws {
        let reserve = try dependency("reserve", reserving, on: try shop.path.critical(Shop.declaration()))
        reserving.fail(.unavailable(.unreachable))
        for other in Criticality.allCases where other != criticality {
            for _ in 0..<2 { _ = await call(reserve, for: caller(other)) }
        }
        reserving.answer { (_) async throws(Failure) in "live" }
        #expect(await call(reserve, for: caller(criticality)) == .success("live"))
        #expect(phases().count { $0 == .open } == 3, "before the open duration is over")
        shop.time.advance(by: .seconds(1))
        #expect(phases().allSatisfy { $0 == .closed }, "noted while they were open")
    }

    @Test("a success that is slow for a customer isn't a probe for one, though it is a success for the queue")
    func slowIsForTheQueue() async throws {
        var protection = Shop.protection
        protection.breaker.slowCall = .milliseconds(100)
        let reserve = try dependency(
            "reserve", reserving, on: try shop.path.critical(Shop.declaration(protection: protection)))
        reserving.fail(.unavailable(.unreachable))
        for caller in [Caller.queue, .queue, caller(.criticalPlus), caller(.criticalPlus)] {
            _ = await call(reserve, for: caller)
        }
        #expect(phases()[0] == .open && phases()[3] == .open)
        shop.time.advance(by: .seconds(1))
        reserving.answer { [time = shop.time] (_) async throws(Failure) in
            time.advance(by: .milliseconds(750))
            return "late"
        }
        for _ in 0..<20 { #expect(await call(reserve, for: .queue) == .success("late")) }
        #expect(phases()[0] == .closed && phases()[3] == .open)
    }

    // MARK: Answers that aren't outages

    @Test("a shed call counts against the dependency only at critical and above")
    func shed() async throws {
        let reserve = try dependency("reserve", reserving, on: try shop.path.critical(Shop.declaration()))
        reserving.fail(.unavailable(Unavailability(.overloaded)))
        for criticality in Criticality.allCases {
            for _ in 0..<10 { _ = await call(reserve, for: caller(criticality)) }
        }
        #expect(phases() == [.closed, .closed, .open, .open])
    }

    @Test(
        "no number of unexpected refusals opens a breaker, and none is tried again"
    )
    func unexpected() async throws {
        var protection = Shop.protection
        protection.retry.attempts = 3
        let reserve = try dependency(
            "reserve", reserving, on: try shop.path.critical(Shop.declaration(protection: protection)))
        reserving.fail(.unavailable(Unavailability(.unexpectedRefusal, detail: "404 not-found")))
        for caller in [Caller.queue, caller(.criticalPlus)] {
            for _ in 0..<10 { _ = await call(reserve, for: caller) }
        }
        #expect(phases().allSatisfy { $0 == .closed } && reserving.calls.count == 20)
        #expect(
            shop.status().calls[.refused] == 20 && shop.status().lastFailure?.reason == .unexpectedRefusal)
    }

    // MARK: Bulkheads

    @Test(
        "calls of lower criticality that hang keep no permit from higher ones, nor from other operations"
    )
    func permits() async throws {
        let step = try shop.path.critical(Shop.declaration())
        let reserve = try dependency("reserve", reserving, on: step)
        let look = try dependency("product", looking, on: step)
        let gate = Gate()
        let hang: Behaviour<String>.Answer = { (_) async throws(Failure) in
            await gate.pass()
            return "at last"
        }
        reserving.answer(hang)
        looking.answer(hang)
        let hanging = [
            (reserve, Caller.queue), (reserve, caller(.sheddablePlus)), (look, caller(.criticalPlus)),
        ].map { one in
            Task { await call(one.0, for: one.1) }
        }
        await shop.until { reserving.calls.count == 2 && looking.calls.count == 1 }
        reserving.answer { (_) async throws(Failure) in "reserved" }
        #expect(await call(reserve, for: caller(.criticalPlus)) == .success("reserved"))
        gate.open()
        for one in hanging { #expect(await one.value == .success("at last")) }
    }

    @Test("reserved permits are kept from calls below critical")
    func reserved() async throws {
        var protection = Shop.protection
        protection.bulkhead.limit = 8
        protection.bulkhead.reserved = 3
        _ = try dependency(
            "reserve", reserving, on: try shop.path.critical(Shop.declaration(protection: protection)))
        #expect(shop.status().operations[0].traffic.map(\.bulkhead.limit) == [5, 5, 8, 8])
        #expect(shop.status().protection == protection)
    }

    @Test("an operation may be given fewer permits than its dependency, also once the numbers have changed")
    func fewer() async throws {
        var protection = Shop.protection
        protection.bulkhead.limit = 8
        let step = try shop.path.critical(Shop.declaration(protection: protection))
        _ = try CriticalOperation<Int, Int, String>(step, "product", isIdempotent: true, concurrency: 2) {
            request, _ async throws(Failure) in request
        }
        #expect(shop.status().operations[0].traffic.map(\.bulkhead.limit) == [2, 2, 2, 2])
        protection.bulkhead.limit = 1
        try shop.path.reconfigure("coupon", protection)
        #expect(shop.status().operations[0].traffic.map(\.bulkhead.limit) == [1, 1, 1, 1])
    }
}
