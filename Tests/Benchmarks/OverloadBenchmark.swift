import Contracts
import Foundation
import Load
import Transport

/// Overload by orders, and orders beside an overload of product pages and quotes.
///
/// Refusals reduce what can be served: at x times the capacity at most (1 − xρ)/(1 − ρ) of it, where ρ is the
/// CPU of a refusal over that of an order, of all processes and the sender.
struct OverloadBenchmark {
    private let stack: BenchmarkStack
    private let client = HTTPClient()
    private let orders: [RawRequest]
    private let quotes: [RawRequest]
    private let pages: [RawRequest]
    private let refused: [RawRequest]
    private let bodies: [[UInt8]]
    private var number = 1

    static func run() async throws {
        let stack = try BenchmarkStack()
        defer { stack.stop() }
        try stack.start(seedFolder: try plenty(stack))
        var benchmark = try OverloadBenchmark(stack)
        defer { benchmark.client.shutdown() }
        try await benchmark.run()
    }

    /// The journey's products with ample stock.
    static func plenty(_ stack: BenchmarkStack) throws -> String {
        let folder = stack.folder + "-seed"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for file in ["coupons.csv", "orders.jsonl"] {
            try FileManager.default.copyItem(
                atPath: "\(stack.seedFolder)/\(file)", toPath: "\(folder)/\(file)")
        }
        let lines = try String(contentsOfFile: stack.seedFolder + "/products.csv", encoding: .utf8).split(
            separator: "\n")
        let products = lines.dropFirst().map { line in
            line[..<(line.lastIndex(of: ",") ?? line.endIndex)] + ",100000000"
        }
        try (lines.prefix(1) + products).joined(separator: "\n").write(
            toFile: folder + "/products.csv", atomically: true, encoding: .utf8)
        return folder
    }

    private init(_ stack: BenchmarkStack) throws {
        self.stack = stack
        let run = UUID().uuidString.prefix(8)
        let baskets = try Basket.journey(stack.seedFolder).prefix(500)
        let key = ("idempotency-key", "\(run)-\(RawRequest.number)")
        func order(_ basket: Basket, _ headers: [(String, String)] = []) -> RawRequest {
            RawRequest(
                "POST", "/orders", headers: [key] + headers,
                body: basket.body(customer: "\(run)-\(RawRequest.number)"))
        }
        orders = baskets.map { order($0) }
        bodies = baskets.map { $0.body(customer: "\(run)") }
        // Refused by admission at once, since the deadline has passed.
        refused = baskets.map { order($0, [("csp-deadline-ms", "0")]) }
        quotes = baskets.map { RawRequest("POST", "/quotes", body: $0.body(customer: "\(run)")) }
        pages = baskets.flatMap(\.skus).prefix(500).map { RawRequest("GET", "/products/\($0)") }
    }

    private func port(_ service: String) -> Int {
        Int(stack.url(service).split(separator: ":").last ?? "") ?? 0
    }

    private mutating func send(_ streams: [RawSender.Stream], for seconds: Int) async throws
        -> RawSender.Result
    {
        defer { number += 100_000_000 }
        let before = stack.cpu()
        let result = try await RawSender.run(streams, for: Double(seconds), firstNumber: number)
        let shares = zip(before, stack.cpu()).map {
            "\($0.name) \(fixed(($1.seconds - $0.seconds) / Double(seconds) * 100, 0))"
        }
        print(
            """
              [% of a core: \(shares.joined(separator: ", ")), sender \
            \(fixed(result.senderSeconds / Double(seconds) * 100, 0))]
            """)
        return result
    }

    private func orders(_ rate: Double?, connections: Int = 2000) -> RawSender.Stream {
        stream("order", orders, rate, connections: connections)
    }

    private func stream(
        _ service: String, _ requests: [RawRequest], _ rate: Double?, connections: Int = 2000
    ) -> RawSender.Stream {
        RawSender.Stream(
            port: port(service), requests: requests, phases: rate.map { [.init(seconds: 3600, rate: $0)] },
            connections: connections)
    }

    private func cpu() -> Double { stack.cpu().reduce(0) { $0 + $1.seconds } }

    private mutating func run() async throws {
        _ = try await send([orders(nil, connections: 32)], for: 3)
        var best = 0.0
        var cost = 0.0
        for connections in [32, 64, 128] {
            try await stack.drain(client)
            let before = cpu()
            let result = try await send([orders(nil, connections: connections)], for: 6)
            // As at x times the capacity, deferred messages are delivered afterwards and don't count.
            let spent = cpu() - before + result.senderSeconds
            let run = OverloadRun(outcomes: result.outcomes[0], elapsed: result.elapsed)
            let served = run.outcomes.filter { $0.status == 201 }.count
            let goodput = Double(served) / result.elapsed
            print(
                """
                closed loop, \(connections) at once: \(fixed(goodput, 0)) orders/s, p50 \
                \(fixed(run.percentile(0.5))) ms, p99 \(fixed(run.percentile(0.99))) ms; \(run.statuses); \
                \(fixed(spent / Double(max(1, served)) * 1e6, 0)) µs each; limit \(await limit())
                """)
            if goodput > best { (best, cost) = (goodput, spent / Double(max(1, served))) }
        }
        try await stack.drain(client)
        let before = stack.cpu()
        let refusals = try await send([stream("order", refused, 4000, connections: 200)], for: 4)
        let count = Double(refusals.outcomes[0].count)
        let ofRefusal = zip(before, stack.cpu()).reduce(0) { $0 + $1.1.seconds - $1.0.seconds } / count
        let rho = (ofRefusal + refusals.senderSeconds / count) / cost
        print(
            """
            capacity \(fixed(best, 0)) orders/s; an order costs \(fixed(cost * 1e6, 0)) µs of CPU, a refusal \
            \(fixed(rho * cost * 1e6, 1)): ρ = \(fixed(rho * 100, 2)) %
            """)
        let echo = try await EchoBenchmark.cost(of: bodies, rate: 4000, seconds: 4)
        print(
            """
            without the sender: a refusal \(fixed(ofRefusal * 1e6, 1)) µs, an echo by bare Hummingbird \
            \(fixed(echo * 1e6, 1)) µs: \(fixed(ofRefusal / echo, 2)) × (asked 0.35)
            """)

        let calm = OverloadRun(
            outcomes: try await send([orders(0.7 * best)], for: 10).outcomes[0], elapsed: 10)
        let usual = calm.percentile(0.99, from: 1)
        print(
            """
            0.7 ×: goodput \(fixed(calm.goodput(from: 1), 0))/s, p50 \(fixed(calm.percentile(0.5))) ms, p99 \
            \(fixed(usual)) ms; \(calm.statuses); limit \(await limit())
            """)
        for times in [2.0, 5, 10] {
            try await stack.drain(client)
            _ = try await send([orders(0.7 * best)], for: 3)
            let run = OverloadRun(
                outcomes: try await send([orders(times * best)], for: 8).outcomes[0], elapsed: 8)
            let bound = best * max(0, 1 - times * rho) / (1 - rho)
            print(
                """
                \(Int(times)) ×: goodput \(fixed(run.goodput(from: 0.3), 0))/s, \
                \(fixed(run.goodput(from: 0.3) / bound * 100, 0)) % of the bound \(fixed(bound, 0)) (asked \
                90); p50 \(fixed(run.percentile(0.5, from: 0.3))) ms, p99 \
                \(fixed(run.percentile(0.99, from: 0.3))) ms = \
                \(fixed(run.percentile(0.99, from: 0.3) / usual)) × (asked 3); settled after \
                \(fixed(run.settled(below: 3 * usual))) s; \(run.statuses); limit \(await limit())
                """)
            let after = OverloadRun(
                outcomes: try await send([orders(0.7 * best)], for: 4).outcomes[0], elapsed: 4)
            print(
                """
                  afterwards 0.7 ×: normal after \(fixed(after.settled(below: 3 * usual))) s, \
                \(fixed(after.share { $0.status == 201 } * 100, 1)) % served; \(after.statuses)
                """)
        }
        try await stack.drain(client)
        let rest = 4.4 * best
        let mixed = try await send(
            [
                orders(0.6 * best), stream("order", quotes, rest / 2), stream("inventory", pages, rest / 2),
            ], for: 10)
        for (name, outcomes) in zip(["orders at 0.6", "quotes at 2.2", "pages at 2.2"], mixed.outcomes) {
            let run = OverloadRun(outcomes: outcomes, elapsed: 10)
            print(
                """
                mixed, \(name): \
                \(fixed(run.share { (200..<300).contains($0.status) && $0.latency <= 1 } * 100, 2)) % served \
                within a second, p50 \(fixed(run.percentile(0.5))) ms, p99 \(fixed(run.percentile(0.99))) \
                ms; \(run.statuses)
                """)
        }
        let turnedAway = (0..<10).map { second in
            mixed.outcomes[0].filter { Int($0.intended) == second && $0.status != 201 }.count
        }
        print("  orders not served, by second: \(turnedAway.map(String.init).joined(separator: ", "))")
        print("  limits: order \(await limit()), inventory \(await limit("inventory"))")
    }

    private func limit(_ service: String = "order") async -> String {
        guard
            let answer = try? await client.send(
                HTTPClient.Request(method: "GET", url: stack.url(service) + "/csp")),
            let shedder = try? JSON.decode(PathDocument.self, from: Data(answer.body)).shedder
        else { return "off" }
        let shed = shedder.shed.filter { $0.value > 0 }.sorted { $0.key < $1.key }
        return "\(shedder.limit) (shed \(shed.map { "\($0.key) \($0.value)" }.joined(separator: ", ")))"
    }
}
