import Resilience
import TestSupport
import Testing

@Suite("Rate limit", .timeLimit(.minutes(10)))
struct RateLimitTests {
    let time = ManualTime()
    let events = Recorded<PolicyEvent.Kind>()

    private func limit(_ permits: Int, per period: Duration = .seconds(1), burst: Int? = nil) throws
        -> RateLimit
    {
        try RateLimit(
            RateLimit.Configuration(permits: permits, per: period, burst: burst),
            environment: PolicyEnvironment(
                name: "coupon", time: time.source, report: { [events] in events.add($0.kind) }))
    }

    @Test("a burst passes, then one call for each token that comes back")
    func burst() throws {
        let limit = try limit(10, burst: 3)
        for _ in 0..<3 { #expect(limit.tryAcquire() == nil) }
        #expect(limit.tryAcquire() == .milliseconds(100))
        time.advance(by: .milliseconds(40))
        #expect(limit.tryAcquire() == .milliseconds(60))
        time.advance(by: .milliseconds(60))
        #expect(limit.tryAcquire() == nil)
        #expect(limit.tryAcquire() == .milliseconds(100))
    }

    @Test("a refused call is not made, names the time to retry, and is reported")
    func refusal() async throws {
        let limit = try limit(1, per: .seconds(3))
        let answer = try await limit.run { (_) async throws(Broken) in 7 }
        #expect(answer == 7)
        let refusal = await #expect(throws: CallFailure<Broken>.self) {
            try await limit.run { (_) async throws(Broken) -> Int in
                Issue.record("made")
                throw Broken()
            }
        }
        #expect(refusal == .rejected(.rateLimited(retryAfter: .seconds(3))))
        #expect(events.all == [.rejected(.rateLimited(retryAfter: .seconds(3)))])
    }

    @Test("a call that fails has spent its token")
    func failure() async throws {
        let limit = try limit(1)
        await #expect(throws: CallFailure<Broken>.self) {
            try await limit.run { (_) async throws(Broken) in throw Broken() }
        }
        #expect(limit.tryAcquire() == .seconds(1))
    }

    @Test(
        "a clock reading from before the last one gives nothing back, and the wait counts from that reading")
    func olderReading() throws {
        let limit = try limit(1)
        let start = time.source.now()
        #expect(limit.tryAcquire(now: start.advanced(by: .seconds(10))) == nil)
        #expect(limit.tryAcquire(now: start.advanced(by: .seconds(9))) == .seconds(2))
        #expect(limit.tryAcquire(now: start.advanced(by: .seconds(11))) == nil)
        // It takes nothing away either.
        let pair = try self.limit(1, burst: 2)
        #expect(pair.tryAcquire(now: start.advanced(by: .seconds(10))) == nil)
        #expect(pair.tryAcquire(now: start.advanced(by: .seconds(9))) == nil)
    }

    @Test("a bucket knows when it is full again, so that it can be forgotten")
    func full() throws {
        let start = ContinuousClock.now
        var bucket = try TokenBucket(RateLimit.Configuration(permits: 2, burst: 5), now: start)
        #expect(bucket.isFull(now: start))
        #expect(bucket.tryAcquire(now: start) == nil)
        #expect(!bucket.isFull(now: start.advanced(by: .milliseconds(499))))
        #expect(bucket.isFull(now: start.advanced(by: .milliseconds(500))))
    }

    @Test("new numbers count from then on and give no token away")
    func reconfigure() throws {
        let limit = try limit(10, burst: 4)
        for _ in 0..<3 { #expect(limit.tryAcquire() == nil) }
        try limit.reconfigure(RateLimit.Configuration(permits: 100, burst: 50))
        #expect(limit.configuration.burst == 50)
        #expect(limit.tryAcquire() == nil)
        #expect(limit.tryAcquire() == .milliseconds(10))
        time.advance(by: .milliseconds(5))
        // Half a token is left, and stays half a token.
        try limit.reconfigure(RateLimit.Configuration(permits: 1, per: .seconds(60), burst: 2))
        #expect(limit.tryAcquire() == .seconds(30))
        time.advance(by: .seconds(600))
        try limit.reconfigure(RateLimit.Configuration(permits: 1, per: .seconds(60), burst: 1))
        #expect(limit.tryAcquire() == nil)
        #expect(limit.tryAcquire() == .seconds(60))
    }

    @Test("numbers that make no sense are all listed, and the old ones stay")
    func validation() throws {
        let limit = try limit(10)
        let wrong = RateLimit.Configuration(permits: 0, per: .seconds(86_401), burst: -1)
        let error = #expect(throws: InvalidConfiguration.self) { try limit.reconfigure(wrong) }
        #expect(error?.policy == "RateLimit")
        #expect(error?.problems.map { $0.prefix { $0 != " " } } == ["permits", "period", "burst"])
        #expect(limit.configuration == RateLimit.Configuration(permits: 10))
        #expect(throws: InvalidConfiguration.self) { try RateLimit(wrong) }
    }

    @Test("the greatest numbers don't overflow", arguments: [1, 1_000_000_000])
    func extremes(permits: Int) throws {
        let start = ContinuousClock.now
        let most = RateLimit.Configuration(permits: permits, per: .seconds(86_400), burst: 1_000_000_000)
        var bucket = try TokenBucket(most, now: start)
        for _ in 0..<10 { #expect(bucket.tryAcquire(now: start) == nil) }
        let later = start.advanced(by: .seconds(10_000_000_000_000))
        #expect(bucket.isFull(now: later))
        try bucket.reconfigure(
            RateLimit.Configuration(permits: 1, per: .milliseconds(1), burst: 1_000_000_000), now: later)
        try bucket.reconfigure(most, now: later)
        #expect(bucket.isFull(now: later))
        #expect(bucket.tryAcquire(now: later) == nil)
    }
}

private struct Broken: Error, Equatable {}
