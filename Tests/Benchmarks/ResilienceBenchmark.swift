import Foundation
import Resilience

/// What the policies add to a call that they have nothing to do for, and what a refusal costs. Each alternative has its turn
/// in every round; medians over the rounds, in CPU time of the calling thread.
enum ResilienceBenchmark {
    struct Price {
        var name: String
        var nanoseconds: Double
        var allocations: Double?
        var instructions: Double?
    }

    struct Result {
        var bare: Price
        var alone: [Price]
        var pipeline: Price
        var refusals: [Price]
        var clockNanoseconds: Double
        /// Two threads' calls a second under one policy, over one thread's.
        var twoThreads: [(name: String, ratio: Double)]
    }

    static func run(rounds: Int = 61, count: Int = 5_000) async throws -> Result {
        let cases = try ResilienceCase.all()
        let all = [.bare] + cases.alone + [cases.pipeline] + cases.refusals
        for one in all { try await one.make(count) }
        var samples = [[Double]](repeating: [], count: all.count)
        var clock: [Double] = []
        for round in 0..<rounds {
            for index in all.indices.map({ ($0 + round) % all.count }) {
                let start = CPUTime.ofThisThread()
                try await all[index].make(count)
                samples[index].append((CPUTime.ofThisThread() - start) * 1e9 / Double(count))
            }
            clock.append(clockNanoseconds(count))
        }
        var prices: [Price] = []
        for (one, samples) in zip(all, samples) {
            prices.append(
                Price(
                    name: one.name, nanoseconds: median(samples), allocations: try await allocations(one),
                    instructions: await InstructionCount.perCall(of: one.name)))
        }
        let pipeline = 1 + cases.alone.count
        return Result(
            bare: prices[0], alone: Array(prices[1..<pipeline]), pipeline: prices[pipeline],
            refusals: Array(prices[(pipeline + 1)...]), clockNanoseconds: median(clock),
            twoThreads: [
                (name: "breaker", ratio: try await twoThreads(cases.alone[3])),
                (name: "pipeline", ratio: try await twoThreads(cases.pipeline)),
            ])
    }

    /// For a profiler: so many calls of one case, and nothing else.
    static func run(only name: String, count: Int) async throws {
        let cases = try ResilienceCase.all()
        let all = [.bare] + cases.alone + [cases.pipeline] + cases.refusals
        guard let one = all.first(where: { $0.name == name }) else {
            throw ResilienceCase.Broken(description: "no case '\(name)'; there are \(all.map(\.name).joined(separator: "; "))")
        }
        try await one.make(count)
    }

    /// A call's. What the loop itself allocates, a few pieces for thousands of calls, is lost in the second digit.
    private static func allocations(_ one: ResilienceCase, count: Int = 5_000) async throws -> Double? {
        guard let start = AllocationCount.now else { return nil }
        try await one.make(count)
        return AllocationCount.now.map { Double($0 - start) / Double(count) }
    }

    /// By the wall clock, since two threads that wait for each other use no CPU.
    private static func twoThreads(_ one: ResilienceCase, rounds: Int = 41, count: Int = 20_000) async throws -> Double {
        var ratios: [Double] = []
        for _ in 0..<rounds {
            let alone = try await ContinuousClock().measure { try await together(1, one, count) }
            let both = try await ContinuousClock().measure { try await together(2, one, count) }
            ratios.append(2 * (alone / both))
        }
        return median(ratios)
    }

    private static func together(_ threads: Int, _ one: ResilienceCase, _ count: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<threads { group.addTask { try await one.make(count) } }
            try await group.waitForAll()
        }
    }

    private static func clockNanoseconds(_ count: Int) -> Double {
        let start = CPUTime.ofThisThread()
        var latest = ContinuousClock.now
        for _ in 0..<count { latest = max(latest, .now) }
        return (CPUTime.ofThisThread() - start) * 1e9 / Double(count)
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}
