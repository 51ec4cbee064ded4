import Contracts
import Foundation
import Resilience

/// The cost that policies add to a healthy call, and the cost of a refusal. Alternatives alternate in every
/// round; medians over the rounds, in CPU time of the calling thread.
enum ResilienceBenchmark {
    struct Price {
        var name: String
        var nanoseconds: Double
        var allocations: Double?
        var instructions: Double?
    }

    struct Result {
        /// Why there are no counts of instructions; nil when there are.
        var uncounted: String?
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
                Price(name: one.name, nanoseconds: median(samples), allocations: try await allocations(one)))
        }
        let uncounted = countInstructions(of: &prices)
        let pipeline = 1 + cases.alone.count
        return Result(
            uncounted: uncounted, bare: prices[0], alone: Array(prices[1..<pipeline]),
            pipeline: prices[pipeline],
            refusals: Array(prices[(pipeline + 1)...]), clockNanoseconds: median(clock),
            twoThreads: try await twoThreads([.bare, cases.alone[3], cases.pipeline]))
    }

    /// For a profiler: `count` calls of one case, and nothing else.
    static func run(only name: String, count: Int) async throws {
        let cases = try ResilienceCase.all()
        let all = [.bare] + cases.alone + [cases.pipeline] + cases.refusals
        guard let one = all.first(where: { $0.name == name }) else {
            throw ResilienceCase.Broken(
                description: "no case '\(name)'; there are \(all.map(\.name).joined(separator: "; "))")
        }
        try await one.make(count)
    }

    /// Allocations of a call. Those of the loop, a few for thousands of calls, vanish in rounding.
    private static func allocations(_ one: ResilienceCase, count: Int = 5_000) async throws -> Double? {
        guard let start = AllocationCount.now else { return nil }
        try await one.make(count)
        return AllocationCount.now.map { Double($0 - start) / Double(count) }
    }

    /// Returns the reason if it couldn't.
    private static func countInstructions(of prices: inout [Price]) -> String? {
        do {
            let count = try InstructionCount()
            for index in prices.indices {
                prices[index].instructions = try count.perCall(of: prices[index].name)
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Calls a second of two concurrent threads, over those of one. By the wall clock, since threads that
    /// wait for each other use no CPU. The bare call shows what two threads can reach on this machine now:
    /// below 2, other processes have the rest.
    private static func twoThreads(
        _ cases: [ResilienceCase], rounds: Int = 21, count: Int = 200_000
    ) async throws -> [(name: String, ratio: Double)] {
        guard ProcessInfo.processInfo.activeProcessorCount >= 2 else { return [] }
        var ratios = [[Double]](repeating: [], count: cases.count)
        for _ in 0..<rounds {
            for (index, one) in cases.enumerated() {
                let alone = try await rate(threads: 1, one, count)
                ratios[index].append(try await rate(threads: 2, one, count) / alone)
            }
        }
        return zip(cases, ratios).map { ($0.name, median($1)) }
    }

    private static func rate(threads: Int, _ one: ResilienceCase, _ count: Int) async throws -> Double {
        let line = StartingLine(tasks: threads)
        return try await withThrowingTaskGroup(of: Double.self) { group in
            for _ in 0..<threads {
                group.addTask {
                    line.wait()
                    let elapsed = try await ContinuousClock().measure { try await one.make(count) }
                    return Double(count) / elapsed.seconds
                }
            }
            return try await group.reduce(0, +)
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
