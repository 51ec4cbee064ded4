import TestSupport
import Testing

@testable import Resilience

/// Bulkhead, total timeout, retry with a budget, breaker and attempt timeout, while an operator changes all of their numbers and
/// forces the breaker: whatever that did, left alone they let every call pass.
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
        var chance = SeededChance("five policies under reconfigurations")
        seed = chance.seed
        let environment = PolicyEnvironment(time: time.source, chance: .seeded(seed))
        bulkhead = try Bulkhead(Self.bulkhead(&chance), environment: environment)
        breaker = try CircuitBreaker(Self.breaker(&chance), environment: environment)
        budget = try RetryBudget(Self.budget(&chance))
        retry = try Retry(Self.retry(&chance), budget: budget, environment: environment)
        total = try Timeout(Self.timeout(&chance), environment: environment)
        each = try Timeout(Self.timeout(&chance), environment: environment)
        time.watch(bulkhead)
    }

    private static func bulkhead(_ chance: inout SeededChance) -> Bulkhead.Configuration {
        let limit = 1 + chance.upTo(12)
        return .init(
            limit: limit, waiting: chance.upTo(12),
            longestWait: chance.upTo(2) == 0 ? .milliseconds(1 + chance.upTo(300)) : nil,
            reserved: chance.upTo(limit))
    }

    private static func breaker(_ chance: inout SeededChance) -> CircuitBreaker.Configuration {
        let openTime = Duration.milliseconds(1 + chance.upTo(200))
        return .init(
            window: chance.upTo(2) == 0 ? .calls(20) : .time(.seconds(1)), minimumCalls: 1 + chance.upTo(20),
            slowCall: .milliseconds(70), openTime: openTime, longestOpenTime: openTime * (1 + chance.upTo(16)),
            trials: 1 + chance.upTo(4), trialTime: .milliseconds(1 + chance.upTo(500)))
    }

    private static func retry(_ chance: inout SeededChance) -> Retry.Configuration {
        .init(
            attempts: 1 + chance.upTo(4), backoff: Backoff(base: .milliseconds(10), cap: .milliseconds(10 + chance.upTo(100))))
    }

    private static func budget(_ chance: inout SeededChance) -> RetryBudget.Configuration {
        .init(
            share: Double(chance.upTo(11)) / 10, minimumPerSecond: Double(chance.upTo(5)), window: .seconds(1 + chance.upTo(5)))
    }

    private static func timeout(_ chance: inout SeededChance) -> Timeout.Configuration {
        .init(limit: .milliseconds(20 + chance.upTo(500)))
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
    private func makeCall(_ chance: Chance, priority: Priority = .normal) async throws(CallFailure<TryFailure>) {
        let context = CallContext(
            deadline: .after(.milliseconds(600), from: time.source.now()), priority: priority, isIdempotent: true)
        try await pipeline.run(context) { context throws(TryFailure) in
            let isWell = isWell.value
            let length = isWell ? 10 : 10 * (1 + Int(chance.next() % (chance.next() % 6 == 0 ? 90 : 5)))
            do { try await time.source.sleep(.milliseconds(length)) } catch { throw TryFailure() }
            if !isWell, chance.next() % 3 == 0 { throw TryFailure() }
        }
    }

    private func work(_ number: Int, _ under: Watched<Task<Void, Never>?>) async {
        let chance = Chance.seeded(seed &+ UInt64(number) &* 7919)
        for _ in 0..<250 {
            let call = Task {
                await CrowdTime.Caller.$current.withValue(CrowdTime.Caller()) {
                    _ = try? await makeCall(chance, priority: Priority(rank: Int(chance.next() % 3)))
                }
            }
            under.update { $0 = call }
            await call.value
            calls.update { $0 += 1 }
            try? await time.source.sleep(.milliseconds(10 * Int(1 + chance.next() % 5)))
        }
        time.leave()
    }

    /// What an operator does.
    private func change(_ chance: inout SeededChance) throws {
        switch chance.upTo(14) {
        case 0, 1: try bulkhead.reconfigure(Self.bulkhead(&chance))
        case 2, 3: try breaker.reconfigure(Self.breaker(&chance))
        case 4...6:
            var numbers = breaker.configuration
            numbers.trials = 1 + chance.upTo(4)
            try breaker.reconfigure(numbers)
        case 7: try retry.reconfigure(Self.retry(&chance))
        case 8: try budget.reconfigure(Self.budget(&chance))
        case 9: try total.reconfigure(Self.timeout(&chance))
        case 10: try each.reconfigure(Self.timeout(&chance))
        case 11: breaker.set(BreakerControl.allCases[chance.upTo(4)])
        default: breaker.set(.automatic)
        }
    }

    @Test("when the last change has been made and the dependency is well, every call passes after the longest open time")
    func calm() async throws {
        let under = (0..<Self.workers).map { _ in Watched<Task<Void, Never>?>(nil) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<Self.workers { group.addTask { await work(number, under[number]) } }
            var chance = SeededChance("their operator")
            while await time.quiet() {
                if chance.upTo(3) == 0 { try change(&chance) }
                if chance.upTo(4) == 0 { under[chance.upTo(under.count)].value?.cancel() }
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
        let bound = time.elapsed + numbers.longestOpenTime + numbers.trialTime + .milliseconds(20) * (numbers.trials + 2)
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
