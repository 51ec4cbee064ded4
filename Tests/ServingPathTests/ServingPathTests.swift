import Resilience
import ServingPath
import TestSupport
import Testing

@Suite("A serving path", .timeLimit(.minutes(10)))
struct ServingPathTests {
    private let shop = Shop()

    private func problems(_ declare: () throws -> Void) -> [String] {
        do {
            try declare()
            return []
        } catch let error as InvalidConfiguration {
            return error.problems
        } catch {
            return ["\(error)"]
        }
    }

    /// The same with as many wrong numbers as possible.
    private var wrong: Protection {
        var wrong = Shop.protection
        wrong.timeout = .zero
        wrong.attemptTimeout = .seconds(-1)
        wrong.queueTimeout = .zero
        wrong.retry.attempts = 0
        wrong.retryBudget.share = 2
        wrong.bulkhead.limit = 0
        wrong.breaker.failureRate = 0
        return wrong
    }

    // MARK: Declaring

    @Test("a declaration with problems is refused with all of them")
    func declared() throws {
        _ = try shop.path.optional(Shop.declaration("coupon"))
        let found = problems {
            _ = try shop.path.critical(
                Shop.declaration("coupon", fallback: "", effect: "", protection: wrong))
        }
        #expect(found.count == 10)
        for part in [
            "timeout is", "attemptTimeout is", "queueTimeout is", "retry: attempts", "retryBudget: share",
            "bulkhead: limit",
            "breaker: failureRate", "declared already", "what happens instead", "what a customer notices",
        ] {
            #expect(found.contains { $0.contains(part) }, "\(part) is not in \(found)")
        }
        #expect(
            problems { _ = try shop.path.optional(Shop.declaration("")) } == ["the dependency has no name"])
        #expect(shop.path.dependencies.map(\.declaration.name) == ["coupon"])
    }

    @Test("of many who declare one name at once, one succeeds")
    func declaredAtOnce() async throws {
        for _ in 0..<50 {
            let path = CriticalPath()
            let successes = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask { (try? path.optional(Shop.declaration("coupon"))) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(successes == 1 && path.dependencies.count == 1)
        }
    }

    // MARK: Status

    @Test(
        "the status lists declarations, operations, calls by outcome, and the last failure with its age"
    )
    func status() async throws {
        let step = try shop.path.critical(Shop.declaration("payment"))
        let answer = Behaviour<String>()
        let capture = try CriticalOperation<Int, String, String>(step, "capture", isIdempotent: true) {
            _, context async throws(DependencyFailure<String>) in try await answer.call(context)
        }
        let void = try CriticalOperation<Int, String, String>(step, "void", isIdempotent: true) {
            _, context async throws(DependencyFailure<String>) in try await answer.call(context)
        }
        _ = try shop.path.optional(Shop.declaration("coupon"))
        _ = try await capture.call(1, for: shop.customer())
        answer.fail(.unavailable(.serverError))
        _ = try? await void.call(1, for: .queue)
        shop.time.advance(by: .seconds(5))
        // A call that was not made is no failure of the dependency.
        _ = try? await void.call(1, for: shop.customer(in: .zero))
        let status = shop.status("payment")
        #expect(
            status.declaration == Shop.declaration("payment") && status.isCritical
                && !shop.status("coupon").isCritical)
        #expect(
            status.operations.map(\.name) == ["capture", "void"] && shop.status("coupon").operations.isEmpty)
        #expect(status.calls == [.ok: 1, .unavailable: 1, .refused: 0, .rejected: 1])
        #expect(status.lastFailure?.reason == .serverError && status.lastFailure?.age == .seconds(5))
        #expect(status.protection == Shop.protection && shop.status("coupon").lastFailure == nil)
        #expect(
            status.bulkhead.limit == 1 && status.operations.map { $0.traffic[3].breaker.calls } == [1, 0])
        #expect(status.operations[1].traffic[0].breaker.calls == 1, "the queue's call is counted by itself")
        #expect(shop.path.dependencies.map(\.declaration.name) == ["payment", "coupon"])
    }

    @Test("outcomes are reported with the dependency's name, and so are the policies' events")
    func reported() async throws {
        let reported = Recorded<String>()
        let path = CriticalPath(
            environment: PathEnvironment(
                time: shop.time.source,
                called: { name, outcome, _ in reported.add("\(name) \(outcome.rawValue)") },
                happened: { event in
                    if case .breakerChanged(_, let to, _) = event.kind {
                        reported.add("\(event.name) \(to.rawValue)")
                    }
                }))
        let step = try path.optional(Shop.declaration("coupon"))
        let coupon = try OptionalOperation<Int, Int>(step, "ask", isIdempotent: false) {
            request, _ async throws(Unavailability) in
            if request == 0 { throw .unreachable }
            return request
        } fallback: { _, _ in
            .absent
        }
        for request in [1, 0, 0, 1] { _ = await coupon.call(request, for: shop.customer()) }
        #expect(
            reported.all == [
                "coupon ok", "coupon unavailable", "coupon.ask@critical-plus open", "coupon unavailable",
                "coupon rejected",
            ])
    }

    @Test("a call's end is reported with its caller's wait")
    func waited() async throws {
        let reported = Recorded<Duration>()
        let path = CriticalPath(
            environment: PathEnvironment(
                time: shop.time.source, called: { _, _, elapsed in reported.add(elapsed) }))
        let step = try path.optional(Shop.declaration("coupon"))
        let coupon = try OptionalOperation<Int, Int>(step, "ask", isIdempotent: false) {
            [shop] request, _ async throws(Unavailability) in
            shop.time.advance(by: .milliseconds(30))
            if request == 0 { throw .unreachable }
            return request
        } fallback: { _, _ in
            .absent
        }
        for request in [1, 0] { _ = await coupon.call(request, for: shop.customer()) }
        #expect(reported.all == [.milliseconds(30), .milliseconds(30)])
    }

    // MARK: Reconfiguring

    @Test("numbers are replaced all together or not at all, and the problem names every bad one")
    func reconfigured() throws {
        let step = try shop.path.optional(Shop.declaration("coupon"))
        _ = try OptionalOperation<Int, Int>(step, "ask", isIdempotent: true) {
            request, _ async throws(Unavailability) in
            request
        } fallback: { _, _ in
            .absent
        }
        var new = Shop.protection
        new.timeout = .seconds(3)
        new.attemptTimeout = .seconds(2)
        new.queueTimeout = .seconds(4)
        new.retry.attempts = 5
        new.retryBudget.share = 0.5
        new.bulkhead.limit = 7
        new.breaker.probes = 3
        var bad = new
        bad.breaker.probes = 0
        bad.bulkhead.waiting = -1
        #expect(problems { try shop.path.reconfigure("coupon", bad) }.count == 2)
        #expect(shop.path.protection(of: "coupon") == Shop.protection)
        try shop.path.reconfigure("coupon", new)
        #expect(shop.path.protection(of: "coupon") == new && shop.status().protection == new)
        #expect(shop.status().bulkhead.limit == 7)
    }

    @Test(
        "when several replace the numbers at once, one set of them is there afterwards, not a mixture"
    )
    func reconfiguredAtOnce() async throws {
        _ = try shop.path.optional(Shop.declaration("coupon"))
        let sets = (1...4).map { number in
            var set = Shop.protection
            set.timeout = .seconds(number)
            set.attemptTimeout = .seconds(number)
            set.queueTimeout = .seconds(number)
            set.retry.attempts = number
            set.bulkhead.limit = number
            set.breaker.probes = number
            return set
        }
        for _ in 0..<200 {
            await withTaskGroup(of: Void.self) { group in
                for set in sets {
                    group.addTask { [path = shop.path] in try? path.reconfigure("coupon", set) }
                }
            }
            let found = try #require(shop.path.protection(of: "coupon"))
            #expect(sets.contains(found))
        }
    }

    @Test("an operation has a name, and no other of its dependency has it")
    func operationNames() throws {
        let step = try shop.path.optional(Shop.declaration("coupon"))
        func declare(_ name: String) throws {
            _ = try OptionalOperation<Int, Int>(step, name, isIdempotent: true) {
                request, _ async throws(Unavailability) in
                request
            } fallback: { _, _ in
                .absent
            }
        }
        try declare("redeem")
        #expect(problems { try declare("redeem") }.count == 1 && problems { try declare("") }.count == 1)
        #expect(shop.status().operations.map(\.name) == ["redeem"])
    }

    @Test("a dependency that isn't declared is unknown")
    func unknown() throws {
        #expect(problems { try shop.path.reconfigure("ghost", Shop.protection) } == ["ghost is not declared"])
        #expect(problems { try shop.path.set(.forcedOpen, of: "ghost") } == ["ghost is not declared"])
        #expect(shop.path.protection(of: "ghost") == nil)
    }

    @Test("a breaker is forced by hand, and made automatic again")
    func forced() async throws {
        let step = try shop.path.optional(Shop.declaration("coupon"))
        let calls = Recorded<Int>()
        let coupon = try OptionalOperation<Int, Int>(step, "ask", isIdempotent: false) {
            request, _ async throws(Unavailability) in
            calls.add(request)
            throw .unreachable
        } fallback: { _, _ in
            .absent
        }
        try shop.path.set(.forcedOpen, of: "coupon")
        shop.time.advance(by: .seconds(100))
        for _ in 0..<5 { #expect(await coupon.call(0, for: shop.customer()).reason?.reason == .circuitOpen) }
        for _ in 0..<50 { await Task.yield() }
        #expect(calls.all.isEmpty, "tried out although it is forced open")
        try shop.path.set(.forcedClosed, of: "coupon")
        for _ in 0..<5 { #expect(await coupon.call(1, for: shop.customer()).reason == .unreachable) }
        try shop.path.set(.observing, of: "coupon")
        for _ in 0..<5 { #expect(await coupon.call(2, for: shop.customer()).reason == .unreachable) }
        #expect(shop.status().breaker.phase == .open && calls.all.count == 10)
        try shop.path.set(.automatic, of: "coupon")
        #expect(shop.status().breaker.phase == .closed && shop.status().breaker.control == .automatic)
    }

    // MARK: Without protection

    @Test("switched off: nothing is refused, nothing tried again, whatever becomes of the calls")
    func switchedOff() async throws {
        let shop = Shop(isProtected: false)
        var protection = Shop.protection
        protection.retry.attempts = 3
        let step = try shop.path.optional(Shop.declaration("coupon", protection: protection))
        let calls = Recorded<CallContext>()
        let coupon = try OptionalOperation<Int, Int>(step, "ask", isIdempotent: true) {
            request, context async throws(Unavailability) in
            calls.add(context)
            throw .timeout
        } fallback: { _, _ in
            .absent
        }
        for _ in 0..<20 {
            #expect(await coupon.call(1, for: shop.customer(in: .seconds(60))).reason == .timeout)
        }
        #expect(calls.all.count == 20)
        #expect(calls.all.allSatisfy { $0.deadline?.remaining(at: shop.time.source.now()) == .seconds(30) })
        let status = shop.status()
        #expect(status.breaker.control == .forcedClosed && status.protection == protection.switchedOff)
        #expect(status.declaration.protection == protection.switchedOff && status.bulkhead.limit == 100_000)
    }
}
