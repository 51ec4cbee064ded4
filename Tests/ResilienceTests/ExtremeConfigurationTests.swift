import TestSupport
import Testing

@testable import Resilience

/// A source of extreme numbers: mostly the default, at times the least, the greatest or none at all.
struct Extremes {
    var random: SeededRandomSource

    static let times: [Duration] = [
        Duration(attoseconds: .min), .seconds(Int64.min), .seconds(-1), .zero, Duration(attoseconds: 1),
        .nanoseconds(1),
        .milliseconds(1), .seconds(1), .seconds(3600), .seconds(86_400), .longest, .longest + .nanoseconds(1),
        .nanoseconds(Int64.max), .milliseconds(Int64.max), .seconds(Int64.max), Duration(attoseconds: .max),
    ]

    mutating func time(_ usual: Duration) -> Duration {
        random.upTo(3) > 0 ? usual : Self.times[random.upTo(Self.times.count)]
    }

    mutating func count(_ usual: Int) -> Int {
        let numbers = [Int.min, -1, 0, 1, 2, 1000, 100_000, 1_000_000_000, .max]
        return random.upTo(3) > 0 ? usual : numbers[random.upTo(numbers.count)]
    }

    mutating func real(_ usual: Double) -> Double {
        let numbers = [
            -Double.infinity, -.greatestFiniteMagnitude, -1, 0, .leastNonzeroMagnitude, 0.5, 1, 1.1, 10, 100,
            .greatestFiniteMagnitude, .infinity, .nan,
        ]
        return random.upTo(3) > 0 ? usual : numbers[random.upTo(numbers.count)]
    }

    mutating func optional(_ usual: Duration) -> Duration? { random.upTo(3) == 0 ? nil : time(usual) }
}

@Suite("Configurations with extreme numbers", .timeLimit(.minutes(10)))
struct ExtremeConfigurationTests {
    private let time = LeapingTime()
    private var environment: PolicyEnvironment { PolicyEnvironment(time: time.source, random: .seeded(1)) }

    /// Checks each one's problems; accepted ones make calls, while time leaps.
    ///
    /// - Returns: how many were accepted.
    private func accepted<C: PolicyConfiguration>(
        _ make: (inout Extremes) -> C, use: (C, inout Extremes) async throws -> Void
    ) async throws -> Int {
        var extremes = Extremes(random: SeededRandomSource("extreme numbers of \(C.policy)"))
        var accepted = 0
        for _ in 0..<2_000 {
            let configuration = make(&extremes)
            guard configuration.problems.isEmpty else {
                #expect(throws: InvalidConfiguration.self) { try configuration.validate() }
                continue
            }
            accepted += 1
            try await use(configuration, &extremes)
        }
        return accepted
    }

    /// Calls that succeed, fail, or ask for an endless Retry-After; by callers with every deadline.
    private func calls(_ policy: some Policy, _ extremes: inout Extremes) async {
        for number in 0..<12 {
            let asked = extremes.time(.seconds(1))
            let context = CallContext(
                deadline: number < 6 ? nil : .after(extremes.time(.seconds(1)), from: time.source.now()),
                priority: Priority(rank: extremes.count(0)), isIdempotent: true)
            try? await policy.run(context, classify: { _ in .busy(retryAfter: asked) }) {
                [time] (_) throws(TryFailure) in
                time.advance(by: .milliseconds(number * 700))
                if number % 3 > 0 { throw TryFailure() }
            }
        }
    }

    @Test("timeouts")
    func timeout() async throws {
        let count = try await accepted {
            Timeout.Configuration(limit: $0.time(.seconds(1)))
        } use: {
            await calls(try Timeout($0, environment: environment), &$1)
            await calls(try Timeout($0, enforcement: .byCancelling, environment: environment), &$1)
        }
        #expect(count > 100)
    }

    @Test("bulkheads")
    func bulkhead() async throws {
        let count = try await accepted {
            Bulkhead.Configuration(
                limit: $0.count(5), waiting: $0.count(5), longestWait: $0.optional(.seconds(1)),
                reserved: $0.count(1),
                reservedFrom: Priority(rank: $0.count(1)))
        } use: {
            let bulkhead = try Bulkhead($0, environment: environment)
            await calls(bulkhead, &$1)
            let held = (0..<10).compactMap { _ in bulkhead.acquire(Priority(rank: .max)) }
            // Without a longest wait and without a deadline a call waits for ever, as configured.
            if $0.waiting == 0 || $0.longestWait != nil { await calls(bulkhead, &$1) }
            withExtendedLifetime(held) {}
        }
        #expect(count > 100)
    }

    @Test("retries, backoffs and their budgets")
    func retry() async throws {
        var budgets: [RetryBudget] = []
        let count = try await accepted {
            RetryBudget.Configuration(
                share: $0.real(0.1), minimumPerSecond: $0.real(1), window: $0.time(.seconds(10)))
        } use: { configuration, _ in
            budgets.append(try RetryBudget(configuration))
        }
        let retries = try await accepted {
            Retry.Configuration(
                attempts: $0.count(3),
                backoff: Backoff(
                    base: $0.time(.milliseconds(25)), cap: $0.time(.milliseconds(250)), floor: $0.time(.zero),
                    jitter: $0.random.upTo(2) == 0 ? .full : .decorrelated),
                minimumAttempt: $0.time(.milliseconds(5)))
        } use: {
            await calls(
                try Retry($0, budget: budgets.randomElement(using: &$1.random), environment: environment), &$1
            )
        }
        #expect(count > 100 && retries > 100)
    }

    @Test("a backoff out of range still answers, never below zero and never more than a hundred years")
    func backoff() {
        var extremes = Extremes(random: SeededRandomSource("extreme backoffs"))
        for _ in 0..<10_000 {
            let backoff = Backoff(
                base: extremes.time(.seconds(1)), cap: extremes.time(.seconds(2)),
                floor: extremes.time(.zero),
                jitter: extremes.random.upTo(2) == 0 ? .full : .decorrelated)
            let delay = backoff.delay(
                afterFailures: extremes.count(2), previous: extremes.optional(.seconds(1)),
                using: .seeded(extremes.random.next()))
            #expect(delay >= .zero && delay <= .longest)
        }
    }

    @Test("breakers")
    func breaker() async throws {
        let count = try await accepted {
            CircuitBreaker.Configuration(
                window: $0.random.upTo(2) == 0 ? .calls($0.count(10)) : .time($0.time(.seconds(10))),
                minimumCalls: $0.count(2),
                failureRate: $0.real(0.5), slowCall: $0.optional(.seconds(1)), slowCallRate: $0.real(0.8),
                openDuration: $0.time(.seconds(1)), longestOpenDuration: $0.time(.longest),
                probes: $0.count(2),
                probeTimeout: $0.time(.seconds(10)))
        } use: {
            let breaker = try CircuitBreaker($0, environment: environment)
            for _ in 0..<5 {
                await calls(breaker, &$1)
                time.advance(by: breaker.snapshot.retryAfter ?? .zero)
            }
            let opened = breaker.snapshot.openings > 0
            #expect(opened || $0.minimumCalls > 2 || $0.failureRate > 0.5)
        }
        #expect(count > 100)
    }

    @Test("a call that is fast is not slow, however long a slow one takes")
    func slowCall() async throws {
        let breaker = try CircuitBreaker(
            .init(window: .calls(2), minimumCalls: 1, slowCall: .longest), environment: environment)
        try await breaker.run { _ in }
        #expect(breaker.phase == .closed)
    }

    @Test("rate limits, throttles, hedges and single flights")
    func others() async throws {
        let rates = try await accepted {
            RateLimit.Configuration(permits: $0.count(10), per: $0.time(.seconds(1)), burst: $0.count(10))
        } use: {
            let limit = try RateLimit($0, environment: environment)
            await calls(limit, &$1)
            time.advance(by: .longest)
            await calls(limit, &$1)
        }
        let throttles = try await accepted {
            Throttle.Configuration(
                multiplier: $0.real(2), window: $0.time(.seconds(30)), minimumRequests: $0.count(2),
                maximumRejection: $0.real(0.9))
        } use: {
            await calls(try Throttle($0, environment: environment), &$1)
        }
        let hedges = try await accepted {
            Hedge.Configuration(
                percentile: $0.real(0.9), minimumDelay: $0.time(.seconds(1)), minimumSamples: $0.count(1))
        } use: {
            await calls(try Hedge($0, environment: environment), &$1)
        }
        let flights = try await accepted {
            SingleFlightConfiguration(maximumFlights: $0.count(1))
        } use: {
            let flight = try SingleFlight<Int, Int, TryFailure>($0, environment: environment)
            let deadline = Deadline.after($1.time(.seconds(1)), from: time.source.now())
            _ = try? await flight.run(1, context: CallContext(deadline: deadline)) { 1 }
        }
        for count in [rates, throttles, hedges, flights] { #expect(count > 100) }
    }

    @Test("fallback caches, and times from their storage")
    func fallbackCache() async throws {
        struct Storage: FallbackCacheStorage {
            func load() -> [FallbackCacheEntry<Int, Int>] {
                [Int64.min, -1, 0, .max].enumerated().map {
                    FallbackCacheEntry(key: $0, value: 0, storedAt: $1)
                }
            }
            func save(_ entries: [FallbackCacheEntry<Int, Int>], removing keys: [Int]) {}
        }
        let count = try await accepted {
            FallbackCacheConfiguration(
                maximumAge: $0.time(.seconds(1)), capacity: $0.count(10), writeEvery: $0.time(.seconds(1)),
                batchSize: $0.count(10), maximumRefreshes: $0.count(2), lastWrite: $0.time(.seconds(1)))
        } use: {
            let wall = Int64([Int.min, 0, 1_700_000_000_000, .max][$1.random.upTo(4)])
            let cache = try FallbackCache<Int, Int>(
                $0, storage: Storage(), wall: { wall }, environment: environment)
            await cache.load()
            time.advance(by: .longest)
            for key in 0..<4 {
                _ = cache.lookup(key)
                cache.store(1, for: key)
            }
            time.advance(by: .longest)
            await cache.flush()
            await cache.refresh(9) { 1 }
        }
        #expect(count > 100)
    }

    @Test("faults")
    func faults() async throws {
        let count = try await accepted {
            Fault(
                FaultKind.allCases[$0.random.upTo(5)], priority: Priority(rank: $0.count(0)),
                delay: $0.time(.seconds(1)),
                jitter: $0.time(.zero), percent: $0.real(100),
                when: $0.random.upTo(2) == 0 ? .before : .after,
                expiresIn: $0.time(.seconds(60)), atMost: $0.count(1), status: $0.count(500))
        } use: {
            let faults = Faults(environment: environment)
            try faults.set([$0])
            let bounded = Pipeline {
                try! Timeout(.seconds(1), environment: environment)
                faults
            }
            await calls(bounded, &$1)
        }
        #expect(count > 100)
    }

    @Test("shedders, by requests with every deadline")
    func shedder() async throws {
        final class Waiter: Shedder.Waiter {
            func admitted(_ permit: Shedder.Permit) { permit.end(countsAsSample: true) }
            func refused(_ refusal: Shedder.Refusal) {}
        }
        let count = try await accepted {
            Shedder.Configuration(
                minimum: $0.count(16), maximum: $0.count(1000),
                initial: $0.random.upTo(2) == 0 ? nil : $0.count(64),
                share: $0.real(0.025), maximumQueueTime: $0.time(.milliseconds(500)),
                queueLength: $0.count(1000))
        } use: {
            let shedder = try Shedder($0, environment: environment)
            await calls(shedder, &$1)
            for _ in 0..<200 {
                let deadline = $1.optional(.seconds(1)).map { Deadline.after($0, from: time.source.now()) }
                let request = Shedder.Request(Priority(rank: $1.count(3)), deadline: deadline)
                let answer = shedder.ask(request, Waiter())
                time.advance(by: .seconds($1.random.upTo(100)))
                if case .admitted(let permit) = answer { permit.end(countsAsSample: true) }
            }
        }
        #expect(count > 100)
    }

    @Test("to sleep for ever is to sleep until cancelled, and ends no process", arguments: Extremes.times)
    func sleeping(duration: Duration) async {
        let isAsleep = Watched(false)
        let sleeper = Task {
            isAsleep.update { $0 = true }
            try? await TimeSource.system.sleep(duration)
        }
        await isAsleep.until { $0 }
        for _ in 0..<100 { await Task.yield() }
        sleeper.cancel()
        await sleeper.value
    }
}
