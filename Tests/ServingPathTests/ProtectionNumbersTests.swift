import Resilience
import TestSupport
import Testing

@testable import ServingPath

@Suite("The numbers of a protection", .timeLimit(.minutes(10)))
struct ProtectionNumbersTests {
    /// All numbers differ, so that one that is written to another's property is found.
    private static let protection = Protection(
        timeout: .milliseconds(1001), attemptTimeout: .milliseconds(203), queueTimeout: .milliseconds(3005),
        retry: Retry.Configuration(
            attempts: 4, backoff: Backoff(base: .milliseconds(17), cap: .milliseconds(119)),
            minimumAttempt: .milliseconds(2)),
        retryBudget: RetryBudget.Configuration(share: 0.21, minimumPerSecond: 6),
        bulkhead: Bulkhead.Configuration(
            limit: 64, waiting: 128, longestWait: .milliseconds(77), reserved: 9),
        breaker: CircuitBreaker.Configuration(
            window: .time(.milliseconds(5003)), minimumCalls: 11, failureRate: 0.33,
            slowCall: .milliseconds(151),
            slowCallRate: 0.61, openDuration: .milliseconds(1007), longestOpenDuration: .milliseconds(5009),
            probes: 3,
            probeTimeout: .milliseconds(2011)))

    @Test("have a name, a field and a meaning each, all different")
    func names() {
        let all = ProtectionNumber.all
        #expect(Set(all.map(\.name)).count == all.count && Set(all.map(\.field)).count == all.count)
        #expect(Set(all.map(\.meaning)).count == all.count && !all.contains { $0.meaning.isEmpty })
        for number in all {
            #expect(
                number.field == (number.unit == .milliseconds ? number.name + "Milliseconds" : number.name))
            #expect(number.name.first?.isLowercase == true && number.name.allSatisfy { $0.isLetter })
        }
    }

    @Test("are all there, and no two are the same property", arguments: ProtectionNumber.all.map(\.field))
    func apart(field: String) throws {
        let number = try #require(ProtectionNumber.all.first { $0.field == field })
        let value = try #require(number.value(Self.protection))
        #expect(Self.protection.numbers.count == ProtectionNumber.all.count)
        var changed = Self.protection
        number.set(&changed, value + 1)
        #expect(changed != Self.protection)
        for other in ProtectionNumber.all {
            #expect(
                other.value(changed) == (other.field == field ? value + 1 : other.value(Self.protection)),
                "\(other.field)")
        }
        number.set(&changed, value)
        #expect(changed == Self.protection, "\(field) doesn't come back as it was")
    }

    @Test("come back as they were set, to the microsecond")
    func roundTrip() throws {
        let timeout = try #require(ProtectionNumber.all.first { $0.name == "timeout" })
        for milliseconds in 1...100_000 {
            var protection = Self.protection
            timeout.set(&protection, Double(milliseconds))
            let back = timeout.value(protection)
            guard protection.timeout != .milliseconds(milliseconds) || back != Double(milliseconds) else {
                continue
            }
            Issue.record("\(milliseconds) ms became \(protection.timeout), and \(back ?? .nan) again")
            return
        }
    }

    @Test("cover everything that the settings of a protection can say, but what is derived or never changed")
    func whole() throws {
        var other = Protection(
            timeout: .seconds(9), attemptTimeout: .seconds(9), queueTimeout: .seconds(9),
            retry: Retry.Configuration(attempts: 1, minimumAttempt: .milliseconds(2)),
            bulkhead: .init(limit: 1),
            breaker: .init())
        other = try other.replacing(Self.protection.numbers)
        #expect(other == Self.protection)
    }

    @Test("some are replaced and the rest stay; what is wrong is refused as a whole, with every problem")
    func replacing() throws {
        let changed = try Self.protection.replacing(["timeoutMilliseconds": 250, "concurrency": 10])
        #expect(changed.timeout == .milliseconds(250) && changed.bulkhead.limit == 10)
        #expect(changed.retry == Self.protection.retry && changed.breaker == Self.protection.breaker)
        #expect(try Self.protection.replacing([:]) == Self.protection)
        let unknown = #expect(throws: InvalidConfiguration.self) {
            try Self.protection.replacing(["timeout": 1, "ghost": 2, "attempts": 3, "retryShare": .nan])
        }
        #expect(unknown?.problems.count == 3)
        let wrong = #expect(throws: InvalidConfiguration.self) {
            try Self.protection.replacing(["timeoutMilliseconds": 0, "attempts": 99, "breakerFailureRate": 2])
        }
        #expect(wrong?.problems.count == 3)
    }

    @Test(
        "a number that is too large or no whole one is refused, not made to fit",
        arguments: [
            ("concurrency", 5_000_000), ("concurrency", 1.5), ("waiting", -0.5), ("attempts", 2.9),
            ("reserved", -3e9),
            ("breakerProbes", 1e300), ("retryShare", 1.01), ("breakerWindowMilliseconds", 1e300),
        ])
    func refused(field: String, value: Double) {
        #expect(throws: InvalidConfiguration.self) { try Self.protection.replacing([field: value]) }
    }

    @Test("are nil where a protection has none, and can be set")
    func absent() throws {
        var bare = Self.protection
        bare.bulkhead.longestWait = nil
        bare.breaker.slowCall = nil
        bare.breaker.window = .calls(20)
        #expect(bare.numbers.count == ProtectionNumber.all.count - 3)
        let given = try bare.replacing([
            "longestWaitMilliseconds": 5, "breakerSlowCallMilliseconds": 6, "breakerWindowMilliseconds": 700,
        ])
        #expect(given.bulkhead.longestWait == .milliseconds(5) && given.breaker.slowCall == .milliseconds(6))
        #expect(given.breaker.window == .time(.milliseconds(700)))
    }

    @Test("switched off, every protection of them is off, and what is left is right")
    func switchedOff() {
        let naive = Self.protection.switchedOff
        #expect(naive.problems.isEmpty && naive.retry.attempts == 1 && naive.bulkhead.limit == 100_000)
        #expect([naive.timeout, naive.attemptTimeout, naive.queueTimeout].allSatisfy { $0 == .seconds(30) })
        #expect(naive.bulkhead.reserved == 0 && naive.bulkhead.waiting == 0)
    }

    @Test(
        "extreme numbers are listed or accepted, and what is accepted is accepted by every policy")
    func extremes() async throws {
        var random = SeededRandomSource("extreme numbers of a protection")
        let values = [
            -Double.infinity, -.greatestFiniteMagnitude, -1e9, -1, 0, 1e-9, 0.5, 1, 2, 1000, 1e9, 1e15,
            .greatestFiniteMagnitude, .nan,
        ]
        let times: [Duration] = [
            Duration(attoseconds: .min), .zero, .nanoseconds(1), .seconds(100 * 365 * 86_400),
            .seconds(Int64.max),
            Duration(attoseconds: .max),
        ]
        var accepted = 0
        for _ in 0..<500 {
            var protection = Shop.protection
            for _ in 0...random.upTo(2) {
                ProtectionNumber.all[random.upTo(ProtectionNumber.all.count)].set(
                    &protection, values[random.upTo(values.count)])
            }
            switch random.upTo(6) {
            case 0: protection.timeout = times[random.upTo(times.count)]
            case 1: protection.attemptTimeout = times[random.upTo(times.count)]
            case 2: protection.queueTimeout = times[random.upTo(times.count)]
            case 3: protection.bulkhead.reserved = random.upTo(2) == 0 ? .min : .max
            default: break
            }
            let shop = Shop()
            guard protection.problems.isEmpty else {
                #expect(throws: InvalidConfiguration.self) {
                    try shop.path.optional(Shop.declaration(protection: protection))
                }
                continue
            }
            accepted += 1
            let step = try shop.path.optional(Shop.declaration())
            let coupon = try OptionalOperation<Int, Int>(step, "ask", isIdempotent: true) {
                (request, _) async throws(Unavailability) in
                request
            } fallback: { _, _ in
                .absent
            }
            try shop.path.reconfigure("coupon", protection)
            _ = await coupon.call(1, for: shop.customer())
            _ = await coupon.call(1, for: .queue)
        }
        #expect(accepted > 10)
    }

}
