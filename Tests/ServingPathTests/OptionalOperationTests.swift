import Resilience
import ServingPath
import TestSupport
import Testing

@Suite("An optional dependency", .timeLimit(.minutes(10)))
struct OptionalOperationTests {
    private let shop = Shop()
    private let coupon = Behaviour<Never>()
    private let fallbacks = Recorded<Unavailability>()

    private func dependency(
        isIdempotent: Bool = true, _ protection: Protection = Shop.protection,
        instead: Fallback<String> = .computed("instead")
    ) throws -> OptionalOperation<String, String> {
        let step = try shop.path.optional(Shop.declaration(protection: protection))
        return try OptionalOperation(step, "redeem", isIdempotent: isIdempotent) {
            [coupon] _, context async throws(Unavailability) in
            do throws(DependencyFailure<Never>) {
                return try await coupon.call(context)
            } catch {
                switch error {
                case .unavailable(let why): throw why
                }
            }
        } fallback: { [fallbacks] _, why in
            fallbacks.add(why)
            return instead
        }
    }

    private func open(_ dependency: OptionalOperation<String, String>) async {
        coupon.fail(.unavailable(.serverError))
        for _ in 0..<2 { _ = await dependency.call("code", for: shop.customer()) }
        #expect(shop.status().breaker.phase == .open)
    }

    @Test("an answer is live, and the fallback isn't asked")
    func live() async throws {
        let served = try await dependency().call("code", for: shop.customer())
        guard case .live("live") = served else {
            Issue.record("\(served)")
            return
        }
        #expect(served.reason == nil && fallbacks.all.isEmpty && shop.outcomes.all == [.ok])
    }

    @Test(
        "each way of failing is the fallback's reason and the answer's",
        arguments: Unavailability.Reason.allCases)
    func reasons(reason: Unavailability.Reason) async throws {
        let why = Unavailability(reason, retryAfter: .seconds(3))
        coupon.fail(.unavailable(why))
        let served = try await dependency().call("code", for: shop.customer())
        guard case .computed("instead", why) = served else {
            Issue.record("\(served)")
            return
        }
        #expect(
            fallbacks.all == [why]
                && shop.outcomes.all == [reason == .unexpectedRefusal ? .refused : .unavailable])
        #expect(shop.status().lastFailure?.reason == reason)
    }

    @Test("what the fallback has is what is served: cached with its age, computed, or nothing")
    func kinds() async throws {
        coupon.fail(.unavailable(.unreachable))
        let cached = try await dependency(instead: .cached("old", age: .seconds(7))).call(
            "code", for: shop.customer())
        guard case .cached("old", age: .seconds(7), reason: .unreachable) = cached else {
            Issue.record("\(cached)")
            return
        }
        let other = Shop()
        let step = try other.path.optional(Shop.declaration())
        let absent = try OptionalOperation<Int, String>(step, "ask", isIdempotent: true) {
            _, _ async throws(Unavailability) in
            throw .connectionLost
        } fallback: { _, _ in
            .absent
        }
        let served = await absent.call(1, for: other.customer())
        guard case .absent(.connectionLost) = served else {
            Issue.record("\(served)")
            return
        }
        #expect(served.value == nil && served.reason == .connectionLost)
    }

    @Test("an open breaker: not called, with the time to retry or none")
    func circuitOpen() async throws {
        let dependency = try dependency()
        await open(dependency)
        let before = coupon.calls.count
        let served = await dependency.call("code", for: shop.customer())
        #expect(served.reason?.reason == .circuitOpen && coupon.calls.count == before)
        #expect(shop.outcomes.all == [.unavailable, .unavailable, .rejected])
    }

    @Test("a full bulkhead: not asked")
    func bulkheadFull() async throws {
        let dependency = try dependency()
        let gate = Gate()
        coupon.answer { (_) async throws(DependencyFailure<Never>) in
            await gate.pass()
            return "first"
        }
        async let first = dependency.call("code", for: shop.customer())
        await shop.until { shop.status().bulkhead.inUse == 1 }
        let second = await dependency.call("code", for: shop.customer())
        #expect(second.reason == Unavailability(.bulkheadFull) && coupon.calls.count == 1)
        gate.open()
        #expect(await first.value == "first")
        #expect(shop.status().bulkhead.inUse == 0 && shop.outcomes.all == [.rejected, .ok])
    }

    @Test("no time left: not asked")
    func deadline() async throws {
        let served = try await dependency().call("code", for: shop.customer(in: .zero))
        #expect(
            served.reason == .deadlineExceeded && coupon.calls.isEmpty && shop.outcomes.all == [.rejected])
        #expect(shop.status().lastFailure == nil)
    }

    @Test("cancelled while it waits for its turn, or before another try: answered at once, by the fallback")
    func cancelled() async throws {
        var protection = Shop.protection
        protection.bulkhead.waiting = 5
        protection.retry = Retry.Configuration(
            attempts: 2,
            backoff: Backoff(base: .milliseconds(100), cap: .milliseconds(100), floor: .milliseconds(100)))
        let dependency = try dependency(protection)
        coupon.fail(.unavailable(.connectionLost))
        let retrying = Task { [shop] in await dependency.call("code", for: shop.customer()) }
        await shop.time.sleepers(1)
        let queueing = Task { [shop] in await dependency.call("code", for: shop.customer()) }
        await shop.until { shop.status().bulkhead.waiting == 1 }
        queueing.cancel()
        #expect(await queueing.value.reason == .cancelled)
        retrying.cancel()
        #expect(await retrying.value.reason?.mayHaveBeenDone == true)
        #expect(coupon.calls.count == 1 && shop.time.elapsed == .zero)
        #expect(shop.status().bulkhead.inUse == 0 && shop.status().bulkhead.waiting == 0)
    }

    @Test(
        "a try gets the earliest of all deadlines, and the caller's criticality"
    )
    func context() async throws {
        let dependency = try dependency()
        _ = await dependency.call("code", for: shop.customer(in: .milliseconds(300)))
        _ = await dependency.call("code", for: shop.customer(in: .seconds(60)))
        _ = await dependency.call("code", for: .queue)
        let left = coupon.calls.map { $0.deadline?.remaining(at: shop.time.source.now()) }
        #expect(left == [.milliseconds(300), .milliseconds(400), .seconds(2)])
        #expect(coupon.calls.map(\.priority) == [3, 3, 0].map(Priority.init(rank:)))
    }

    @Test("only an idempotent call is repeated")
    func repeated() async throws {
        var protection = Shop.protection
        protection.retry = Retry.Configuration(
            attempts: 3, backoff: Backoff(base: .nanoseconds(1), cap: .nanoseconds(1)))
        protection.breaker.window = .calls(100)
        protection.breaker.minimumCalls = 100
        coupon.fail(.unavailable(.unreachable))
        let once = try dependency(isIdempotent: false, protection)
        _ = await once.call("code", for: shop.customer())
        #expect(coupon.calls.count == 1)
    }
}
