import Resilience
import Testing

/// A configuration with as many wrong numbers as possible, and the names that its problems begin with.
struct Wrong: Sendable, CustomTestStringConvertible {
    let problems: [String]
    let policy: String
    let names: [String]
    let error: InvalidConfiguration?

    init<C: PolicyConfiguration>(_ configuration: C, _ names: [String]) {
        problems = configuration.problems
        policy = C.policy
        self.names = names
        do throws(InvalidConfiguration) {
            try configuration.validate()
            error = nil
        } catch {
            self.error = error
        }
    }

    var testDescription: String { policy }

    static let all = [
        Wrong(Timeout.Configuration(limit: .zero), ["limit"]),
        Wrong(
            Bulkhead.Configuration(limit: 0, waiting: -1, longestWait: .zero, reserved: -1),
            ["limit", "waiting", "longestWait", "reserved"]),
        Wrong(
            Retry.Configuration(
                attempts: 0, backoff: Backoff(base: .zero, cap: .seconds(-1), floor: .seconds(-1)),
                minimumAttempt: .seconds(-1)),
            ["attempts", "minimumAttempt", "backoff.base", "backoff.cap", "backoff.floor"]),
        Wrong(Backoff(base: .zero, cap: .seconds(90_000), floor: .seconds(1)), ["base", "cap", "floor"]),
        Wrong(
            RetryBudget.Configuration(share: 1.5, minimumPerSecond: -1, window: .zero),
            ["share", "minimumPerSecond", "window"]),
        Wrong(
            CircuitBreaker.Configuration(
                window: .time(.zero), minimumCalls: 0, failureRate: 0, slowCall: .zero, slowCallRate: .nan,
                openDuration: .zero, longestOpenDuration: .seconds(-1), probes: 0, probeTimeout: .zero),
            [
                "window", "minimumCalls", "failureRate", "slowCall", "slowCallRate", "openDuration",
                "longestOpenDuration", "probes",
                "probeTimeout",
            ]),
        Wrong(
            CircuitBreaker.Configuration(window: .calls(0), minimumCalls: 1),
            ["window", "minimumCalls"]),
        Wrong(
            Shedder.Configuration(
                minimum: 0, maximum: -1, initial: 5, share: 0, maximumQueueTime: .zero, queueLength: -1),
            ["maximum", "minimum", "initial", "share", "maximumQueueTime", "queueLength"]),
        Wrong(RateLimit.Configuration(permits: 0, per: .zero, burst: -1), ["permits", "period", "burst"]),
        Wrong(
            Hedge.Configuration(percentile: 1, minimumDelay: .zero, minimumSamples: 0),
            ["percentile", "minimumDelay", "minimumSamples"]),
        Wrong(
            Throttle.Configuration(multiplier: 0, window: .zero, minimumRequests: -1, maximumRejection: 0),
            ["multiplier", "window", "minimumRequests", "maximumRejection"]),
        Wrong(SingleFlightConfiguration(maximumFlights: 0), ["maximumFlights"]),
        Wrong(
            FallbackCacheConfiguration(
                maximumAge: .zero, capacity: 0, writeEvery: .zero, batchSize: 0, maximumRefreshes: 0,
                lastWrite: .zero),
            ["maximumAge", "capacity", "writeEvery", "batchSize", "maximumRefreshes", "lastWrite"]),
        Wrong(
            Fault(
                .latency, delay: .zero, jitter: .seconds(1), percent: 101, expiresIn: .zero, atMost: 0,
                status: 200),
            ["delay", "jitter", "percent", "expiresIn", "atMost", "status"]),
    ]
}

@Suite("Configurations")
struct PipelineConfigurationTests {
    @Test("list every problem at once, each with its name, its value and its range", arguments: Wrong.all)
    func listed(wrong: Wrong) throws {
        for name in wrong.names {
            #expect(
                wrong.problems.contains { $0.hasPrefix("\(name) is ") && $0.contains("; it must be ") },
                "no \(name)")
        }
        for problem in wrong.problems {
            #expect(wrong.names.contains { problem.hasPrefix("\($0) is ") }, "unexpected: \(problem)")
        }
        let error = try #require(wrong.error)
        #expect(error.policy == wrong.policy && error.problems == wrong.problems)
        #expect(error.description == "\(wrong.policy): " + wrong.problems.joined(separator: "; "))
    }

    @Test("a number that is NaN is always a problem")
    func notANumber() {
        #expect(CircuitBreaker.Configuration(failureRate: .nan).problems.count == 1)
        #expect(RetryBudget.Configuration(share: .nan, minimumPerSecond: .nan).problems.count == 2)
        #expect(Hedge.Configuration(percentile: .nan).problems.count == 1)
        #expect(Throttle.Configuration(multiplier: .nan, maximumRejection: .nan).problems.count == 2)
        #expect(Shedder.Configuration(share: .nan).problems.count == 1)
        #expect(Fault(.error, percent: .nan).problems.count == 1)
    }

    @Test("the defaults are right")
    func defaults() {
        #expect(Retry.Configuration().problems.isEmpty && RetryBudget.Configuration().problems.isEmpty)
        #expect(
            CircuitBreaker.Configuration().problems.isEmpty && Shedder.Configuration().problems.isEmpty)
        #expect(Hedge.Configuration().problems.isEmpty && Throttle.Configuration().problems.isEmpty)
        #expect(SingleFlightConfiguration().problems.isEmpty && FallbackCacheConfiguration().problems.isEmpty)
        #expect(
            Bulkhead.Configuration(limit: 1).problems.isEmpty
                && RateLimit.Configuration(permits: 1).problems.isEmpty)
    }
}
