import Synchronization
import TestSupport
import Testing

@testable import Resilience

@Suite("Faults", .timeLimit(.minutes(10)))
struct FaultsTests {
    struct Broken: Error, Equatable {}

    let time = ManualTime()
    let events = Recorded<PolicyEvent.Kind>()
    let made = Watched(0)

    private func faults(_ set: Fault...) throws -> Faults {
        let environment = PolicyEnvironment(
            name: "coupon", time: time.source, random: .seeded(3), report: { [events] in events.add($0.kind) }
        )
        let faults = Faults(environment: environment)
        if !set.isEmpty { try faults.set(set) }
        return faults
    }

    private func call(_ faults: Faults, within budget: Duration? = nil) async -> Result<
        Int, CallFailure<Broken>
    > {
        let deadline = budget.map { Deadline.after($0, from: time.source.now()) }
        do throws(CallFailure<Broken>) {
            let value = try await faults.run(CallContext(deadline: deadline)) { (_) async throws(Broken) in
                made.update { $0 += 1 }
                return made.value
            }
            return .success(value)
        } catch {
            return .failure(error)
        }
    }

    @Test("without faults calls pass, and nothing is reported")
    func none() async throws {
        let faults = try faults()
        #expect(await call(faults) == .success(1))
        #expect(faults.decide("anything") == nil)
        #expect(events.all.isEmpty && faults.snapshot.faults.isEmpty)
    }

    @Test(
        "error, abort and garbage end the call unmade, and count against the dependency",
        arguments: [FaultKind.error, .abort, .garbage])
    func ending(kind: FaultKind) async throws {
        let faults = try faults(Fault(kind))
        #expect(await call(faults) == .failure(.rejected(.injected(kind))))
        #expect(CallFailure<Broken>.rejected(.injected(kind)).disposition == .transient)
        #expect(made.value == 0)
        #expect(events.all == [.faultInjected(kind.rawValue)])
    }

    @Test("after the work the answer is lost and the effect isn't")
    func after() async throws {
        let faults = try faults(Fault(.abort, when: .after))
        #expect(await call(faults) == .failure(.rejected(.injected(.abort))))
        #expect(made.value == 1)
    }

    @Test("a latency delays the call and lets it go on")
    func latency() async throws {
        let faults = try faults(Fault(.latency, delay: .seconds(2)))
        async let answer = call(faults, within: .seconds(3))
        await time.sleepers(1)
        #expect(made.value == 0)
        time.advance(by: .seconds(2))
        #expect(await answer == .success(1))
        #expect(events.all == [.faultInjected("latency")])
    }

    @Test("a latency beyond the deadline ends as a timeout, just at the deadline")
    func latencyPastDeadline() async throws {
        let faults = try faults(Fault(.latency, delay: .seconds(2)))
        async let answer = call(faults, within: .milliseconds(300))
        await time.sleepers(1)
        time.advance(by: .milliseconds(300))
        #expect(await answer == .failure(.rejected(.timedOut)))
        #expect(made.value == 0)
    }

    @Test("a call whose deadline has passed meets no fault")
    func pastDeadline() async throws {
        let faults = try faults(Fault(.error))
        #expect(await call(faults, within: .zero) == .success(1))
        #expect(faults.snapshot.faults[0].considered == 0)
    }

    @Test("a black hole holds the call until its deadline")
    func blackHole() async throws {
        let faults = try faults(Fault(.blackHole))
        async let answer = call(faults, within: .seconds(1))
        await time.sleepers(1)
        #expect(faults.snapshot.faults[0].running == 1)
        time.advance(by: .seconds(1))
        #expect(await answer == .failure(.rejected(.timedOut)))
        #expect(faults.snapshot.faults[0].running == 0)
    }

    @Test(
        "a black hole without a deadline ends only with the caller, even when the faults are cleared"
    )
    func blackHoleForEver() async throws {
        let faults = try faults(Fault(.blackHole, when: .after))
        let caller = Task { await call(faults) }
        await time.sleepers(1)
        faults.clear()
        time.advance(by: .seconds(100_000))
        await time.sleepers(1)
        caller.cancel()
        #expect(await caller.value == .failure(.rejected(.cancelled)))
        #expect(made.value == 1)
    }

    @Test("a cancelled caller leaves an injected latency")
    func cancelled() async throws {
        let faults = try faults(Fault(.latency, delay: .seconds(2)))
        let caller = Task { await call(faults) }
        await time.sleepers(1)
        caller.cancel()
        #expect(await caller.value == .failure(.rejected(.cancelled)))
        #expect(made.value == 0 && faults.snapshot.faults[0].running == 0)
    }

    @Test("a fault is for its route, or for all")
    func routes() throws {
        let faults = try faults(Fault(.error, route: "POST /redemptions", status: 503), Fault(.garbage))
        #expect(faults.decide("POST /redemptions")?.before.map(\.kind) == [.error])
        #expect(faults.decide("POST /redemptions")?.before.map(\.status) == [503])
        #expect(faults.decide("GET /coupons")?.before.map(\.kind) == [.garbage])
        #expect(faults.snapshot.faults.map(\.considered) == [2, 1])
        #expect(faults.snapshot.faults.map(\.bitten) == [2, 1])
        // Dropped without being ended.
        #expect(faults.snapshot.faults.map(\.running) == [0, 0])
    }

    @Test("a fault with a priority bites calls of that priority only, and none whose priority isn't known")
    func priority() async throws {
        let faults = try faults(Fault(.error, priority: Priority(rank: 1)))
        #expect(faults.decide("any", priority: Priority(rank: 1)) != nil)
        #expect(faults.decide("any", priority: Priority(rank: 2)) == nil)
        #expect(faults.decide("any") == nil)
        #expect(faults.snapshot.faults.map(\.considered) == [1])
        for (rank, passes) in [(0, true), (1, false), (2, true)] {
            let outcome: Result<Int, CallFailure<Broken>>
            do throws(CallFailure<Broken>) {
                outcome = .success(
                    try await faults.run(CallContext(priority: Priority(rank: rank))) {
                        (_) async throws(Broken) in rank
                    })
            } catch {
                outcome = .failure(error)
            }
            #expect((outcome == .success(rank)) == passes)
        }
    }

    @Test("latencies add up, and nothing comes after a fault that ends the call")
    func order() throws {
        let faults = try faults(
            Fault(.abort, when: .after), Fault(.latency, delay: .seconds(1)),
            Fault(.latency, delay: .seconds(2)),
            Fault(.garbage, percent: 0), Fault(.error, when: .after))
        let injection = try #require(faults.decide("any"))
        #expect(injection.before.map(\.delay) == [.seconds(1), .seconds(2)])
        #expect(injection.after.map(\.kind) == [.abort])
        #expect(faults.snapshot.faults.map(\.considered) == [1, 1, 1, 1, 0])
        injection.end()
    }

    @Test("a set expires by itself, each fault in its own time, and its counts can still be read")
    func expiry() throws {
        let faults = try faults(
            Fault(.error, expiresIn: .seconds(10)), Fault(.abort, expiresIn: .seconds(20)))
        #expect(faults.decide("any")?.before.map(\.kind) == [.error])
        time.advance(by: .seconds(10))
        #expect(faults.snapshot.faults.map(\.isActive) == [false, true])
        #expect(faults.decide("any")?.before.map(\.kind) == [.abort])
        time.advance(by: .seconds(10))
        #expect(faults.decide("any") == nil)
        let isArmed = faults.isArmed.load(ordering: .relaxed)
        #expect(!isArmed)
        #expect(faults.snapshot.faults.map(\.bitten) == [1, 1])
        try faults.set([Fault(.error)])
        #expect(faults.decide("any") != nil)
    }

    @Test(
        "at most N calls are held at once; ending twice is ending once, and an older set's calls don't count")
    func atMost() throws {
        let faults = try faults(Fault(.blackHole, atMost: 2))
        let (first, second) = (faults.decide("any"), faults.decide("any"))
        #expect(first != nil && second != nil && faults.decide("any") == nil)
        first?.end()
        first?.end()
        let third = faults.decide("any")
        #expect(third != nil && faults.decide("any") == nil)
        #expect(faults.snapshot.faults[0].considered == 5 && faults.snapshot.faults[0].bitten == 3)
        try faults.set([Fault(.error, atMost: 1)])
        let fourth = faults.decide("any")
        second?.end()
        third?.end()
        #expect(fourth != nil && faults.decide("any") == nil)
        fourth?.end()
        #expect(faults.snapshot.faults[0].running == 0)
    }

    @Test(
        "a seed bites the same calls again, at about its share; a random seed can be read"
    )
    func seeds() throws {
        func bites(_ seed: UInt64?, _ faults: Faults) throws -> [Bool] {
            try faults.set([
                Fault(.latency, delay: .seconds(1), jitter: .milliseconds(200), percent: 30, seed: seed)
            ])
            return (0..<10_000).map { _ in faults.decide("any") != nil }
        }
        let faults = try faults()
        let first = try bites(7, faults)
        #expect(try bites(7, faults) == first)
        #expect(try bites(8, faults) != first)
        #expect((2_700...3_300).contains(first.filter { $0 }.count))
        let unseeded = try bites(nil, faults)
        let seed = try #require(faults.snapshot.faults.first?.fault.seed)
        #expect(try bites(seed, faults) == unseeded)
    }

    @Test("the jitter spreads a latency over its whole range, and not beyond")
    func jitter() throws {
        let faults = try faults(Fault(.latency, delay: .seconds(2), jitter: .milliseconds(200)))
        let delays = (0..<2_000).compactMap { _ in faults.decide("any")?.before.first?.delay }
        #expect(delays.allSatisfy { $0 >= .milliseconds(1_800) && $0 <= .milliseconds(2_200) })
        #expect(
            delays.contains { $0 < .milliseconds(1_820) } && delays.contains { $0 > .milliseconds(2_180) })
    }

    @Test("all that is wrong with a set is listed, and the old set stays")
    func validation() throws {
        let faults = try faults(Fault(.error))
        let error = #expect(throws: InvalidConfiguration.self) {
            try faults.set([
                Fault(.latency, jitter: .seconds(1), percent: 101, expiresIn: .zero, atMost: 0),
                Fault(.abort),
                Fault(.error, delay: .seconds(-1), percent: .nan, status: 200),
            ])
        }
        #expect(
            error?.problems.map { $0.prefix { $0 != " " } } == [
                "faults[0].delay", "faults[0].jitter", "faults[0].percent", "faults[0].expiresIn",
                "faults[0].atMost",
                "faults[2].delay", "faults[2].percent", "faults[2].status",
            ])
        #expect(throws: InvalidConfiguration.self) {
            try faults.set(Array(repeating: Fault(.error), count: 101))
        }
        #expect(faults.snapshot.faults.map(\.fault.kind) == [.error])
        #expect(faults.decide("any") != nil)
    }
}
