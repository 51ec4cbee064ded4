import TestSupport
import Testing

@testable import Resilience

/// Bulkhead, total timeout, retry with a budget, breaker and attempt timeout, while an operator changes all
/// of their numbers and forces the breaker: afterwards they let every call pass.
@Suite("Policies together, reconfigured and controlled at random", .timeLimit(.minutes(10)))
struct InteractionsReconfiguredTests {
    private static let workers = 24

    private let seed: UInt64
    private let time = CrowdTime(workers: workers)
    private let isWell = Watched(false)
    private let calls = Watched(0)
    private let bulkhead: Bulkhead
    private let breaker: CircuitBreaker
    private let retry: Retry
    private let budget: RetryBudget
    private let (total, each): (Timeout, Timeout)

    init() throws {
        var random = SeededRandomSource("five policies under reconfigurations")
        seed = random.seed
        let environment = PolicyEnvironment(time: time.source, random: .seeded(seed))
        bulkhead = try Bulkhead(Self.bulkhead(&random), environment: environment)
        breaker = try CircuitBreaker(Self.breaker(&random), environment: environment)
        budget = try RetryBudget(Self.budget(&random))
        retry = try Retry(Self.retry(&random), budget: budget, environment: environment)
        total = try Timeout(Self.timeout(&random), environment: environment)
        each = try Timeout(Self.timeout(&random), environment: environment)
        time.watch(bulkhead)
    }

    private static func bulkhead(_ random: inout SeededRandomSource) -> Bulkhead.Configuration {
        let limit = 1 + random.upTo(12)
        return .init(
            limit: limit, waiting: random.upTo(12),
            longestWait: random.upTo(2) == 0 ? .milliseconds(1 + random.upTo(300)) : nil,
            reserved: random.upTo(limit))
    }

    private static func breaker(_ random: inout SeededRandomSource) -> CircuitBreaker.Configuration {
        let openDuration = Duration.milliseconds(1 + random.upTo(200))
        return .init(
            window: random.upTo(2) == 0 ? .calls(20) : .time(.seconds(1)), minimumCalls: 1 + random.upTo(20),
            slowCall: .milliseconds(70), openDuration: openDuration,
            longestOpenDuration: openDuration * (1 + random.upTo(16)),
            probes: 1 + random.upTo(4), probeTimeout: .milliseconds(1 + random.upTo(500)))
    }

    private static func retry(_ random: inout SeededRandomSource) -> Retry.Configuration {
        .init(
            attempts: 1 + random.upTo(4),
            backoff: Backoff(base: .milliseconds(10), cap: .milliseconds(10 + random.upTo(100))))
    }

    private static func budget(_ random: inout SeededRandomSource) -> RetryBudget.Configuration {
        .init(
            share: Double(random.upTo(11)) / 10, minimumPerSecond: Double(random.upTo(5)),
            window: .seconds(1 + random.upTo(5)))
    }

    private static func timeout(_ random: inout SeededRandomSource) -> Timeout.Configuration {
        .init(limit: .milliseconds(20 + random.upTo(500)))
    }

    private var pipeline: some Policy {
        Pipeline {
            bulkhead
            total
            retry
            breaker
            each
        }
    }

    /// One call: it fails, hangs until its deadline or beyond, or takes some milliseconds.
    private func makeCall(_ random: RandomSource, priority: Priority = .normal) async throws(CallFailure<
        TryFailure
    >) {
        let context = CallContext(
            deadline: .after(.milliseconds(600), from: time.source.now()), priority: priority,
            isIdempotent: true)
        try await pipeline.run(context) { context throws(TryFailure) in
            let isWell = isWell.value
            let length = isWell ? 10 : 10 * (1 + Int(random.next() % (random.next() % 6 == 0 ? 90 : 5)))
            do { try await time.source.sleep(.milliseconds(length)) } catch { throw TryFailure() }
            if !isWell, random.next() % 3 == 0 { throw TryFailure() }
        }
    }

    private func work(_ number: Int, _ under: Watched<Task<Void, Never>?>) async {
        let random = RandomSource.seeded(seed &+ UInt64(number) &* 7919)
        for _ in 0..<250 {
            let call = Task {
                await CrowdTime.Caller.$current.withValue(CrowdTime.Caller()) {
                    _ = try? await makeCall(random, priority: Priority(rank: Int(random.next() % 3)))
                }
            }
            under.update { $0 = call }
            await call.value
            calls.update { $0 += 1 }
            try? await time.source.sleep(.milliseconds(10 * Int(1 + random.next() % 5)))
        }
        time.leave()
    }

    /// What an operator does.
    private func change(_ random: inout SeededRandomSource) throws {
        switch random.upTo(14) {
        case 0, 1: try bulkhead.reconfigure(Self.bulkhead(&random))
        case 2, 3: try breaker.reconfigure(Self.breaker(&random))
        case 4...6:
            var numbers = breaker.configuration
            numbers.probes = 1 + random.upTo(4)
            try breaker.reconfigure(numbers)
        case 7: try retry.reconfigure(Self.retry(&random))
        case 8: try budget.reconfigure(Self.budget(&random))
        case 9: try total.reconfigure(Self.timeout(&random))
        case 10: try each.reconfigure(Self.timeout(&random))
        case 11: breaker.set(BreakerControl.allCases[random.upTo(4)])
        default: breaker.set(.automatic)
        }
    }

    @Test(
        "after the last change a healthy dependency gets every call within the longest open duration"
    )
    func calm() async throws {
        let under = (0..<Self.workers).map { _ in Watched<Task<Void, Never>?>(nil) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<Self.workers { group.addTask { await work(number, under[number]) } }
            var random = SeededRandomSource("their operator")
            while await time.quiet() {
                if random.upTo(3) == 0 { try change(&random) }
                if random.upTo(4) == 0 { under[random.upTo(under.count)].value?.cancel() }
                guard await time.quiet() else { break }
                time.advance()
            }
            try await group.waitForAll()
        }
        #expect(calls.value == Self.workers * 250)
        #expect(bulkhead.snapshot.inUse == 0 && bulkhead.snapshot.waiting == 0)
        if breaker.control == .forcedOpen { breaker.set(.automatic) }
        isWell.update { $0 = true }
        try await passes(breaker.snapshot)
    }

    /// One caller, who sleeps between calls.
    private func passes(_ before: CircuitBreaker.Snapshot) async throws {
        let numbers = breaker.configuration
        let bound =
            time.elapsed + numbers.longestOpenDuration + numbers.probeTimeout + .milliseconds(20)
            * (numbers.probes + 2)
        time.join()
        let caller = Task {
            var refused = 0
            for _ in 0..<1_000 {
                let isBound = time.elapsed >= bound
                let passes: Bool
                do throws(CallFailure<TryFailure>) {
                    try await makeCall(.seeded(1))
                    passes = true
                } catch {
                    passes = false
                }
                if !passes, isBound { refused += 1 }
                try? await time.source.sleep(.milliseconds(10))
            }
            time.leave()
            return refused
        }
        while await time.quiet() { time.advance() }
        #expect(await caller.value == 0, "\(before), now \(breaker.snapshot), seed \(seed)")
        #expect(bulkhead.snapshot.inUse == 0 && bulkhead.snapshot.waiting == 0)
    }
}
