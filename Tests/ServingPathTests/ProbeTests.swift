import Resilience
import ServingPath
import TestSupport
import Testing

/// A customer never waits for a probe.
@Suite("Probes beside the request", .timeLimit(.minutes(10)))
struct ProbeTests {
    private let shop = Shop()
    private let coupon = Behaviour<Never>()
    private let payment = Behaviour<String>()
    private let questions = Recorded<Deadline>()

    private func optional() async throws -> OptionalOperation<Int, String> {
        let step = try shop.path.optional(Shop.declaration())
        let dependency = try OptionalOperation<Int, String>(step, "redeem", isIdempotent: true) {
            [coupon] _, context async throws(Unavailability) in
            do throws(DependencyFailure<Never>) {
                return try await coupon.call(context)
            } catch {
                switch error {
                case .unavailable(let why): throw why
                }
            }
        } fallback: { _, _ in
            .absent
        }
        coupon.fail(.unavailable(.unreachable))
        for _ in 0..<2 { _ = await dependency.call(1, for: shop.customer()) }
        #expect(shop.status().breaker.phase == .open)
        return dependency
    }

    private func critical(
        isReady: (@Sendable (Deadline) async -> Bool)? = nil, isIdempotent: Bool = true
    ) async throws -> CriticalOperation<Int, String, String> {
        let step = try shop.path.critical(Shop.declaration(), isReady: isReady)
        let dependency = try CriticalOperation<Int, String, String>(
            step, "capture", isIdempotent: isIdempotent
        ) {
            [payment] _, context async throws(DependencyFailure<String>) in try await payment.call(context)
        }
        payment.fail(.unavailable(.unreachable))
        for _ in 0..<2 { _ = await call(dependency) }
        #expect(shop.status().breaker.phase == .open)
        return dependency
    }

    private func call(
        _ dependency: CriticalOperation<Int, String, String>, for caller: Caller? = nil
    ) async -> Result<String, DependencyFailure<String>> {
        do throws(DependencyFailure<String>) {
            return .success(try await dependency.call(1, for: caller ?? shop.customer()))
        } catch {
            return .failure(error)
        }
    }

    private func reason(_ result: Result<String, DependencyFailure<String>>) -> Unavailability.Reason? {
        if case .failure(.unavailable(let why)) = result { why.reason } else { nil }
    }

    // MARK: Optional

    @Test("the customer's call returns at once, the probe runs beside it and closes the breaker")
    func beside() async throws {
        let dependency = try await optional()
        let gate = Gate()
        coupon.answer { (_) async throws(DependencyFailure<Never>) in
            await gate.pass()
            return "back"
        }
        shop.time.advance(by: .milliseconds(999))
        #expect(await dependency.call(1, for: shop.customer()).reason?.reason == .circuitOpen)
        #expect(coupon.calls.count == 2)
        shop.time.advance(by: .milliseconds(1))
        let tried = await dependency.call(1, for: shop.customer()).reason
        #expect(
            tried?.reason == .circuitOpen && tried?.mayHaveBeenDone == true,
            "the probe may do what was asked for")
        await shop.until { coupon.calls.count == 3 }
        #expect(shop.status().breaker.phase == .halfOpen)
        // While the probe runs, customers go on without, and no second probe is made.
        for _ in 0..<20 { #expect(await dependency.call(1, for: shop.customer()).reason == .circuitOpen) }
        for _ in 0..<50 { await Task.yield() }
        #expect(coupon.calls.count == 3)
        gate.open()
        await shop.until { shop.status().breaker.phase == .closed && shop.status().bulkhead.inUse == 0 }
        #expect(await dependency.call(1, for: shop.customer()).value == "back")
    }

    @Test("a probe that fails opens it again, and the next comes after the open duration")
    func failing() async throws {
        let dependency = try await optional()
        for probe in 1...3 {
            shop.time.advance(by: .seconds(1))
            #expect(await dependency.call(1, for: shop.customer()).reason?.reason == .circuitOpen)
            await shop.until { shop.status().breaker.openings == probe + 1 }
            #expect(coupon.calls.count == 2 + probe && shop.status().breaker.phase == .open)
        }
    }

    @Test("the probe has its own time, also when its caller has none left")
    func ownTime() async throws {
        let dependency = try await optional()
        shop.time.advance(by: .seconds(1))
        coupon.answer { (_) async throws(DependencyFailure<Never>) in "back" }
        _ = await dependency.call(1, for: shop.customer(in: .milliseconds(1)))
        await shop.until { coupon.calls.count == 3 }
        #expect(coupon.calls[2].deadline?.remaining(at: shop.time.source.now()) == .milliseconds(400))
        #expect(
            coupon.calls[2].priority == Criticality.criticalPlus.priority,
            "as sheddable it would be shed where orders aren't")
    }

    @Test("the probe's tasks see no deadline of the customer's either")
    func ownTaskLocal() async throws {
        let dependency = try await optional()
        shop.time.advance(by: .seconds(1))
        let seen = Recorded<Deadline?>()
        coupon.answer { (_) async throws(DependencyFailure<Never>) in
            seen.add(Deadline.current)
            return "back"
        }
        await Deadline.withEarlier(.after(.milliseconds(1), from: shop.time.source.now())) {
            _ = await dependency.call(1, for: shop.customer(in: .milliseconds(1)))
            await shop.until { !seen.all.isEmpty }
        }
        #expect(seen.all == [nil])
    }

    @Test("a customer who leaves doesn't cancel the probe")
    func leaving() async throws {
        let dependency = try await optional()
        shop.time.advance(by: .seconds(1))
        coupon.answer { (_) async throws(DependencyFailure<Never>) in "back" }
        let customer = Task { [shop] in
            withUnsafeCurrentTask { $0?.cancel() }
            _ = await dependency.call(1, for: shop.customer())
        }
        await customer.value
        await shop.until { shop.status().breaker.phase == .closed }
    }

    @Test(
        "a call of the queue passes the customers' open breaker; after the open duration it is a probe"
    )
    func queue() async throws {
        let dependency = try await optional()
        coupon.answer { (_) async throws(DependencyFailure<Never>) in "back" }
        shop.time.advance(by: .seconds(1))
        guard case .live("back") = await dependency.call(1, for: .queue) else {
            Issue.record("the queue's call was not made")
            return
        }
        #expect(shop.status().breaker.phase == .closed && coupon.calls.count == 3)
    }

    // MARK: Critical

    @Test(
        "a critical one is asked whether it is ready first; after a yes one call runs beside its customer"
    )
    func readiness() async throws {
        let isReady = Locked(false)
        let dependency = try await critical(isReady: { [questions] in
            questions.add($0)
            return isReady.withLock { $0 }
        })
        #expect(reason(await call(dependency)) == .circuitOpen)
        #expect(questions.all.isEmpty, "asked before the open duration was over")
        shop.time.advance(by: .seconds(1))
        for round in 1...3 {
            while questions.all.count < round {
                #expect(reason(await call(dependency)) == .circuitOpen)
                await Task.yield()
            }
        }
        #expect(payment.calls.count == 2)
        #expect(questions.all.first?.remaining(at: shop.time.source.now()) == .milliseconds(400))
        isReady.withLock { $0 = true }
        let gate = Gate()
        payment.answer { (_) async throws(DependencyFailure<String>) in
            await gate.pass()
            return "paid"
        }
        // Until the probe at the gate has ended, every call is refused, and its own caller doesn't learn its
        // outcome.
        while payment.calls.count == 2 {
            #expect(reason(await call(dependency)) == .circuitOpen)
            await Task.yield()
        }
        for _ in 0..<20 { #expect(reason(await call(dependency)) == .circuitOpen) }
        #expect(payment.calls.count == 3 && questions.all.count == 4)
        gate.open()
        await shop.until { shop.status().breaker.phase == .closed && shop.status().bulkhead.inUse == 0 }
        #expect(try await call(dependency).get() == "paid" && payment.calls.count == 4)
    }

    @Test("the caller of the probed call is told that it may have been done")
    func toldOfTheProbe() async throws {
        let dependency = try await critical(isReady: { _ in true })
        payment.answer { (_) async throws(DependencyFailure<String>) in "paid" }
        shop.time.advance(by: .seconds(1))
        var wasTold = false
        while !wasTold {
            guard case .failure(.unavailable(let why)) = await call(dependency) else { break }
            #expect(why.reason == .circuitOpen)
            wasTold = why.mayHaveBeenDone
            await Task.yield()
        }
        #expect(wasTold)
        await shop.until { payment.calls.count == 3 }
    }

    @Test("it is asked one question at a time, however many customers come")
    func oneAtATime() async throws {
        let gate = Gate()
        let dependency = try await critical(isReady: { [questions] in
            questions.add($0)
            await gate.pass()
            return true
        })
        shop.time.advance(by: .seconds(1))
        for _ in 0..<50 { #expect(reason(await call(dependency)) == .circuitOpen) }
        await shop.until { questions.all.count == 1 }
        gate.open()
    }

    @Test("a call that isn't idempotent isn't made beside its customer: it is the probe itself")
    func notTwice() async throws {
        let dependency = try await critical(isReady: { _ in true }, isIdempotent: false)
        payment.answer { (_) async throws(DependencyFailure<String>) in "paid" }
        shop.time.advance(by: .seconds(1))
        var answer = await call(dependency)
        while reason(answer) == .circuitOpen {
            await Task.yield()
            answer = await call(dependency)
        }
        #expect(try answer.get() == "paid" && payment.calls.count == 3)
    }

    @Test("a readiness answer no longer counts once the breaker has opened again")
    func forgotten() async throws {
        let dependency = try await critical(isReady: { [questions] in
            questions.add($0)
            return true
        })
        for round in 1...3 {
            shop.time.advance(by: .seconds(1))
            let before = payment.calls.count
            while payment.calls.count == before {
                _ = await call(dependency)
                await Task.yield()
            }
            await shop.until { shop.status().breaker.openings == round + 1 }
            // The probe failed: the next has to be preceded by a readiness check of its own.
            #expect(shop.status().breaker.phase == .open && questions.all.count == round)
        }
    }

    @Test("an answer to a question from before the breaker opened again doesn't count either")
    func lateAnswer() async throws {
        let gates = [Gate(), Gate()]
        let dependency = try await critical(isReady: { [questions] in
            questions.add($0)
            let number = questions.all.count
            if number <= 2 { await gates[number - 1].pass() }
            return number != 2
        })
        shop.time.advance(by: .seconds(1))
        #expect(reason(await call(dependency)) == .circuitOpen)
        await shop.until { questions.all.count == 1 }
        // It is closed by hand meanwhile, and opened again.
        try shop.path.set(.forcedOpen, of: "coupon")
        try shop.path.set(.automatic, of: "coupon")
        for _ in 0..<2 { #expect(reason(await call(dependency)) == .unreachable) }
        shop.time.advance(by: .seconds(1))
        #expect(reason(await call(dependency)) == .circuitOpen)
        await shop.until { questions.all.count == 2 }
        gates[0].open()
        for _ in 0..<200 {
            await Task.yield()
            #expect(reason(await call(dependency)) == .circuitOpen)
        }
        #expect(payment.calls.count == 4, "tried out on the strength of an old answer")
        gates[1].open()
    }

    @Test("without a readiness check the call is tried beside its customer at once")
    func withoutReadiness() async throws {
        let dependency = try await critical()
        shop.time.advance(by: .seconds(1))
        payment.answer { (_) async throws(DependencyFailure<String>) in "paid" }
        #expect(reason(await call(dependency)) == .circuitOpen)
        await shop.until { shop.status().breaker.phase == .closed }
    }

    @Test("a call of the queue asks nothing, and may be the probe")
    func queueOfCritical() async throws {
        let dependency = try await critical(isReady: { [questions] in
            questions.add($0)
            return false
        })
        shop.time.advance(by: .seconds(1))
        payment.answer { (_) async throws(DependencyFailure<String>) in "paid" }
        #expect(try await call(dependency, for: .queue).get() == "paid")
        #expect(questions.all.isEmpty && shop.status().breaker.phase == .closed)
    }
}
