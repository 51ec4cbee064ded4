import Resilience
import TestSupport
import Testing

/// A rate limit without a bucket: in no interval `t` may more than `burst + permits × t / period` calls pass.
private struct AdmittedCalls {
    let configuration: RateLimit.Configuration
    /// Attoseconds since the start.
    var times: [Int128] = []

    /// Whether one more at `now` would leave every interval that ends now within the bound.
    func mayPass(at now: Int128) -> Bool {
        let (permits, period) = (Int128(configuration.permits), configuration.period.attoseconds)
        for (index, begin) in times.enumerated() {
            let count = Int128(times.count - index + 1)
            if (count - Int128(configuration.burst)) * period > permits * (now - begin) { return false }
        }
        return true
    }
}

@Suite("Rate limit, against its definition")
struct RateLimitPropertyTests {
    @Test("lets pass exactly what no interval forbids, and names the exact time of the next token")
    func definition() throws {
        var random = SeededRandomSource("rate limit")
        let start = ContinuousClock.now
        var steps = 0
        while steps < 100_000 {
            let configuration = RateLimit.Configuration(
                permits: 1 + random.upTo(random.upTo(2) == 0 ? 10 : 100_000),
                per: .nanoseconds(1_000_000 + random.upTo(3_000_000_000)), burst: 1 + random.upTo(12))
            var bucket = try TokenBucket(configuration, now: start)
            var model = AdmittedCalls(configuration: configuration)
            var now = Duration.zero
            var (passed, refused) = (0, 0)
            for _ in 0..<100 {
                steps += 1
                let instant = start.advanced(by: now)
                let mayPass = model.mayPass(at: now.attoseconds)
                if let wait = bucket.tryAcquire(now: instant) {
                    refused += 1
                    try #require(!mayPass)
                    try #require(wait > .zero)
                    try #require(model.mayPass(at: (now + wait).attoseconds))
                    try #require(!model.mayPass(at: (now + wait).attoseconds - 1))
                    // Often exactly then, or just before.
                    switch random.upTo(3) {
                    case 0: now += wait
                    case 1: now += wait - Duration(attoseconds: 1)
                    default: break
                    }
                } else {
                    passed += 1
                    try #require(mayPass)
                    model.times.append(now.attoseconds)
                }
                switch random.upTo(4) {
                case 0: break
                case 1: now += configuration.period / configuration.permits
                case 2: now += .nanoseconds(random.upTo(1_000_000))
                default:
                    now +=
                        configuration.period * random.upTo(3 * configuration.burst) / configuration.permits
                        / 2
                }
            }
            try #require(passed >= configuration.burst.clamped(to: 100 - refused))
        }
    }
}

extension Int {
    fileprivate func clamped(to limit: Int) -> Int { Swift.min(self, limit) }
}
