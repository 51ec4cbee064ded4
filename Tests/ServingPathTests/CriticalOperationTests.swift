import Resilience
import ServingPath
import TestSupport
import Testing

@Suite("A critical dependency", .timeLimit(.minutes(10)))
struct CriticalOperationTests {
    private typealias Failure = DependencyFailure<String>

    private let shop = Shop()
    private let payment = Behaviour<String>()

    private static let withRetries: Protection = {
        var protection = Shop.protection
        protection.retry = Retry.Configuration(
            attempts: 3, backoff: Backoff(base: .nanoseconds(2), cap: .nanoseconds(2)), minimumAttempt: .zero)
        protection.breaker.window = .calls(100)
        protection.breaker.minimumCalls = 100
        return protection
    }()

    private func dependency(
        isIdempotent: Bool = true, _ protection: Protection = Shop.protection
    ) throws -> CriticalOperation<Int, String, String> {
        try CriticalOperation(
            try shop.path.critical(Shop.declaration("payment", protection: protection)), "capture",
            isIdempotent: isIdempotent
        ) { [payment] _, context async throws(Failure) in try await payment.call(context) }
    }

    /// Calls, letting time pass whenever it waits for another try.
    private func call(
        _ dependency: CriticalOperation<Int, String, String>, for caller: Caller? = nil
    ) async -> Result<String, Failure> {
        let ticking = Task { [time = shop.time] in
            while !Task.isCancelled {
                time.advance(by: .nanoseconds(2))
                await Task.yield()
            }
        }
        defer { ticking.cancel() }
        do throws(Failure) {
            return .success(try await dependency.call(1, for: caller ?? shop.customer()))
        } catch {
            return .failure(error)
        }
    }

    @Test("a value is a value, a refusal a refusal, an outage an outage: nothing is made up")
    func outcomes() async throws {
        let dependency = try dependency()
        #expect(await call(dependency) == .success("live"))
        payment.fail(.refused("no funds"))
        #expect(await call(dependency) == .failure(.refused("no funds")))
        payment.fail(.unavailable(.connectionLost))
        #expect(await call(dependency) == .failure(.unavailable(.connectionLost)))
        #expect(
            await call(dependency, for: shop.customer(in: .zero)) == .failure(.unavailable(.deadlineExceeded))
        )
        #expect(shop.outcomes.all == [.ok, .refused, .unavailable, .rejected])
        #expect(shop.status("payment").calls == [.ok: 1, .refused: 1, .unavailable: 1, .rejected: 1])
    }

    @Test("a refusal shows that it is healthy: no number of them opens the breaker, and none is tried again")
    func refusals() async throws {
        let dependency = try dependency()
        payment.fail(.refused("no"))
        for _ in 0..<50 { _ = await call(dependency) }
        let breaker = shop.status("payment").breaker
        #expect(
            breaker.phase == .closed && breaker.calls == 2 && breaker.failures == 0
                && payment.calls.count == 50)
    }

    @Test("a customer's call is tried again as often as it may; one of the queue is one try")
    func tries() async throws {
        let dependency = try dependency(Self.withRetries)
        payment.fail(.unavailable(.serverError))
        #expect(await call(dependency) == .failure(.unavailable(.serverError)))
        #expect(payment.calls.map(\.attempt) == [1, 2, 3])
        _ = await call(dependency, for: .queue)
        #expect(payment.calls.count == 4 && payment.calls[3].isIdempotent == false)
    }

    @Test("a call that isn't idempotent isn't tried again")
    func notIdempotent() async throws {
        payment.fail(.unavailable(.unreachable))
        _ = await call(try dependency(isIdempotent: false, Self.withRetries))
        #expect(payment.calls.count == 1)
    }

    @Test(
        "a caller in a hurry doesn't open the breaker for others; one with a quarter of the try's time does"
    )
    func hurried() async throws {
        let dependency = try dependency()
        payment.fail(.unavailable(.timeout))
        for _ in 0..<20 {
            _ = try? await dependency.call(1, for: shop.customer(in: .milliseconds(99)))
        }
        #expect(shop.status("payment").breaker.phase == .closed && shop.status("payment").breaker.calls == 0)
        // Only its timeouts: an unreachable dependency is so for every caller.
        payment.fail(.unavailable(.unreachable))
        _ = try? await dependency.call(1, for: shop.customer(in: .milliseconds(99)))
        #expect(shop.status("payment").breaker.failures == 1)
        payment.fail(.unavailable(.timeout))
        _ = try? await dependency.call(1, for: shop.customer(in: .milliseconds(100)))
        #expect(shop.status("payment").breaker.phase == .open)
    }

    @Test(
        "what the first try may have done stays possible, whatever becomes of the next",
        arguments: [
            DependencyFailure<String>.unavailable(.unreachable), .unavailable(.deadlineExceeded),
            .unavailable(Unavailability(.rateLimited)),
        ])
    func mayHaveBeenDone(last: DependencyFailure<String>) async throws {
        let dependency = try dependency(Self.withRetries)
        payment.answer { (context) async throws(Failure) in
            if context.attempt == 1 { throw .unavailable(.connectionLost) }
            throw last
        }
        guard case .failure(.unavailable(let why)) = await call(dependency) else {
            Issue.record("no failure")
            return
        }
        #expect(payment.calls.count > 1 && why.mayHaveBeenDone)
    }

    @Test("a second try that the breaker refuses doesn't make the first undone")
    func refusedSecondTry() async throws {
        var protection = Self.withRetries
        protection.breaker.window = .calls(1)
        protection.breaker.minimumCalls = 1
        let dependency = try dependency(protection)
        payment.fail(.unavailable(.timeout))
        guard case .failure(.unavailable(let why)) = await call(dependency) else {
            Issue.record("no failure")
            return
        }
        #expect(why.reason == .circuitOpen && why.mayHaveBeenDone)
        #expect(payment.calls.count == 1 && shop.status("payment").breaker.phase == .open)
        // The next call isn't made at all.
        guard case .failure(.unavailable(let other)) = await call(dependency) else {
            Issue.record("no failure")
            return
        }
        #expect(other.reason == .circuitOpen && !other.mayHaveBeenDone && payment.calls.count == 1)
    }

    @Test("cancelling ends the call, gives its permit back, and says nothing about the dependency")
    func cancelled() async throws {
        let dependency = try dependency()
        let gate = Gate()
        payment.answer { (_) async throws(Failure) in
            await gate.pass()
            throw .unavailable(.cancelled)
        }
        let calling = Task { [shop] in
            do throws(Failure) {
                return Result<String, Failure>.success(try await dependency.call(1, for: shop.customer()))
            } catch {
                return .failure(error)
            }
        }
        await shop.until { payment.calls.count == 1 }
        calling.cancel()
        #expect(await calling.value == .failure(.unavailable(.cancelled)))
        let status = shop.status("payment")
        #expect(status.bulkhead.inUse == 0 && status.breaker.calls == 0 && status.breaker.phase == .closed)
    }
}
