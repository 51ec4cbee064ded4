import Dispatch
import Foundation

/// `make bench`: the cost of policies around a call, and of the queue and an order relative to this machine's
/// limits.
///
///     Benchmarks [policies | telemetry | queue | orders | overload | bodies | watched]   one part, or all
///     Benchmarks --only CASE --iterations COUNT                    calls of one kind, for a profiler
@main
struct Main {
    /// Not asynchronous: valgrind 3.19 crashes on the main thread's wait of an asynchronous program.
    static func main() {
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            do {
                try await run(Array(CommandLine.arguments.dropFirst()))
            } catch {
                FileHandle.standardError.write(Data("bench: \(error)\n".utf8))
                exit(1)
            }
            done.signal()
        }
        done.wait()
    }

    private struct Usage: Error, CustomStringConvertible {
        var description: String {
            """
            policies, telemetry, queue, orders, overload, bodies, watched, or --only CASE --iterations COUNT
            """
        }
    }

    private static func run(_ arguments: [String]) async throws {
        // The allocation counter must not slow down child processes.
        unsetenv("LD_PRELOAD")
        if arguments.first == "--only" {
            guard arguments.count == 4, arguments[2] == "--iterations", let count = Int(arguments[3]),
                count > 0
            else {
                throw Usage()
            }
            return try await ResilienceBenchmark.run(only: arguments[1], count: count)
        }
        let parts = ["policies", "telemetry", "queue", "orders", "overload", "bodies", "watched"]
        guard arguments.isEmpty || arguments.count == 1 && parts.contains(arguments[0]) else { throw Usage() }
        let chosen = arguments.isEmpty ? parts : arguments
        print("Release build, one run, everything on this machine (load generator included).\n")
        if chosen.contains("policies") { print(try await ResilienceBenchmark.run().text) }
        if chosen.contains("telemetry") { try await TelemetryBenchmark.run() }
        if chosen.contains("queue") { print(try await QueueBenchmark.run().text) }
        if chosen.contains("orders") {
            let floor = try await FloorBenchmark.run()
            print(floor.text)
            let orders = try await OrderBenchmark.run()
            print(orders.text(beside: floor))
        }
        if chosen.contains("overload") { try await OverloadBenchmark.run() }
        if chosen.contains("bodies") { try await BodyBenchmark.run() }
        if chosen.contains("watched") { try await WatchedBenchmark.run() }
    }
}
