import Foundation
import Load
import Transport

/// What being watched costs orders: two stacks, one with console and traces, one with neither, under the same
/// load in turn; and the first one's orders while its console is frozen or dead, or its disk is full.
struct WatchedBenchmark {
    private static let rate = 100.0
    private static let seconds = 10.0
    private static let pairs = 8

    private struct Stretch {
        var p50: Double
        var p99: Double
        var failures: Int
        /// Of the five services, microseconds an order.
        var services: Double
        var console: Double
    }

    /// One stack under load, a stretch at a time.
    private final class Loaded {
        let stack: BenchmarkStack
        private let client: HTTPClient
        private let run = UUID().uuidString.prefix(8)
        private var sent = 0

        init(client: HTTPClient, environment: [String: String]) throws {
            self.client = client
            stack = try BenchmarkStack()
            try stack.start(seedFolder: try OverloadBenchmark.plenty(stack), environment: environment)
        }

        func stretch() async throws -> Stretch {
            let baskets = try Basket.journey(stack.seedFolder)
            let (first, url, run, client) = (sent, stack.orderURL, run, client)
            let count = Int(rate * seconds)
            sent += count
            let before = stack.cpu()
            let load = await Load.open(rate: rate, count: count) { number in
                let number = first + number
                var request = HTTPClient.Request(method: "POST", url: url + "/orders", timeout: .seconds(10))
                request.headers = [
                    (name: "Content-Type", value: "application/json"),
                    (name: "Idempotency-Key", value: "\(run)-\(number)"),
                ]
                request.body = baskets[number % baskets.count].body(customer: "\(run)-\(number)")
                return (try? await client.send(request))?.status == 201
            }
            try await stack.drain(client)
            let spent = zip(stack.cpu(), before).map {
                ($0.name, ($0.seconds - $1.seconds) * 1e6 / Double(count))
            }
            func sum(_ isIncluded: (String) -> Bool) -> Double {
                spent.filter { isIncluded($0.0) }.reduce(0) { $0 + $1.1 }
            }
            return Stretch(
                p50: load.percentile(0.5).milliseconds, p99: load.percentile(0.99).milliseconds,
                failures: load.failures, services: sum { $0 != "console" }, console: sum { $0 == "console" })
        }
    }

    static func run() async throws {
        let client = HTTPClient()
        defer { client.shutdown() }
        let watched = try Loaded(client: client, environment: [:])
        defer { watched.stack.stop() }
        let alone = try Loaded(client: client, environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": ""])
        defer { alone.stack.stop() }
        try alone.stack.control("kill", "console")
        for one in [watched, alone] { _ = try await one.stretch() }
        print(
            """
            orders at \(fixed(rate, 0))/s, \(fixed(seconds, 0)) s each, in turn; \
            ratios are medians of \(pairs) pairs
            """)
        try await compare("console and traces, to neither", { try await watched.stretch() }) {
            try await alone.stretch()
        }
        try await withFullDisk(of: watched.stack) { fill, free in
            try await compare(
                "console's disk full, to not",
                {
                    try fill()
                    defer { free() }
                    return try await watched.stretch()
                },
                { try await watched.stretch() })
        }
        for (state, command, back) in [("frozen", "freeze", "thaw"), ("dead", "kill", "start")] {
            try await compare(
                "console \(state), to alive",
                {
                    try watched.stack.control(command, "console")
                    defer { try? watched.stack.control(back, "console") }
                    return try await watched.stretch()
                },
                { try await watched.stretch() })
        }
    }

    /// The console starts anew on a small disk in memory, which is filled and freed.
    private static func withFullDisk(
        of stack: BenchmarkStack, _ body: (() throws -> Void, () -> Void) async throws -> Void
    ) async throws {
        let folder = stack.folder + "/console"
        try stack.control("kill", "console")
        guard run("/bin/mount", "-t", "tmpfs", "-o", "size=32m", "csp-bench", folder) else {
            print("  console's disk full: skipped, a disk can't be mounted here (that takes root)")
            return try stack.control("start", "console")
        }
        try stack.control("start", "console")
        let ballast = folder + "/ballast"
        try await body(
            {
                _ = run("/bin/dd", "if=/dev/zero", "of=\(ballast)", "bs=64k", "count=1024", "status=none")
            }, { unlink(ballast) })
        try stack.control("kill", "console")
        _ = run("/bin/umount", folder)
        try stack.control("start", "console")
    }

    /// Whether it ended well.
    private static func run(_ tool: String, _ arguments: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: tool)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    private static func compare(
        _ name: String, _ one: () async throws -> Stretch, _ other: () async throws -> Stretch
    ) async throws {
        var ones: [Stretch] = []
        var others: [Stretch] = []
        for pair in 0..<pairs {
            // What comes second finds a warmer machine: in turn.
            if pair.isMultiple(of: 2) { ones.append(try await one()) }
            others.append(try await other())
            if !pair.isMultiple(of: 2) { ones.append(try await one()) }
        }
        func ratio(_ figure: (Stretch) -> Double) -> String {
            let ratios = zip(ones, others).map { figure($0) / max(0.001, figure($1)) }.sorted()
            return fixed(ratios[ratios.count / 2], 3)
        }
        func middle(_ figure: (Stretch) -> Double, of stretches: [Stretch]) -> String {
            fixed(stretches.map(figure).sorted()[stretches.count / 2], 1)
        }
        print(
            """
              \(name): p50 \(ratio(\.p50)) ×, p99 \(ratio(\.p99)) × (aim: 1.05; \
            \(middle(\.p99, of: ones)) and \(middle(\.p99, of: others)) ms), \
            CPU an order \(ratio(\.services)) × (aim: 1.05; \(middle(\.services, of: ones)) and \
            \(middle(\.services, of: others)) µs), of the console \(middle(\.console, of: ones)) µs; \
            failed \((ones + others).reduce(0) { $0 + $1.failures })
            """)
    }
}
