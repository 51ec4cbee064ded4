import Contracts
import Foundation
import Transport

/// The whole stack as `csp up` runs it: five processes, the journey's baskets, real HTTP, real disks.
enum OrderBenchmark {
    struct Result {
        var saturated: LoadResult
        var steady: LoadResult
        var cpuMicroseconds: Double
        var cpuByService: [(name: String, microseconds: Double)]
        var memory: [(name: String, mebibytes: Double)]
        var orders: Int

        func text(beside floor: FloorBenchmark.Result) -> String {
            """
            orders, 32 clients, closed loop
              \(fixed(saturated.perSecond, 0)) orders/s, p50 \(fixed(saturated.percentile(0.5).inMilliseconds)) ms, \
            p99 \(fixed(saturated.percentile(0.99).inMilliseconds)) ms, \(saturated.failures) failed
              \(fixed(floor.load.perSecond / saturated.perSecond)) × fewer than the floor's requests/s
              \(fixed(cpuMicroseconds, 0)) µs CPU an order over all services (aim: 1,200), \
            \(fixed(cpuMicroseconds / floor.cpuMicroseconds)) × the floor's request
              \(cpuByService.map { "\($0.name) \(fixed($0.microseconds, 0))" }.joined(separator: ", "))

            orders, 300/s, open loop
              p50 \(fixed(steady.percentile(0.5).inMilliseconds)) ms, p99 \(fixed(steady.percentile(0.99).inMilliseconds)) ms \
            (aim: 100), \(steady.failures) failed

            resident after \(orders) orders (aim: 60 MiB each)
              \(memory.map { "\($0.name) \(fixed($0.mebibytes, 0)) MiB" }.joined(separator: ", "))
            """
        }
    }

    static func run(saturated: Int = 17_000, steady: Int = 6_000) async throws -> Result {
        let stack = try BenchmarkStack()
        defer { stack.stop() }
        try stack.start()
        let baskets = try Basket.journey(stack.seedFolder)
        let client = HTTPClient()
        defer { client.shutdown() }
        let run = UUID().uuidString.prefix(8)
        let url = stack.orderURL
        // Each order has a customer of its own, so that every coupon use is a first one.
        let send: @Sendable (Int) async -> Bool = { number in
            let basket = baskets[number % baskets.count]
            var request = HTTPClient.Request(method: "POST", url: url + "/orders", timeout: .seconds(10))
            request.headers = [
                (name: "Content-Type", value: "application/json"), (name: "Idempotency-Key", value: "\(run)-\(number)"),
            ]
            request.body = basket.body(customer: "\(run)-\(number)")
            return (try? await client.send(request))?.status == 201
        }
        // Reads as much stock as there is: each basket is bought a few times only.
        let warmUp = 1_000
        _ = await Load.closed(clients: 32, count: warmUp, send: send)
        let steadyLoad = await Load.open(rate: 300, count: steady) { await send(warmUp + $0) }
        try await stack.drain(client)
        let before = stack.cpu()
        let load = await Load.closed(clients: 32, count: saturated) { await send(warmUp + steady + $0) }
        try await stack.drain(client)
        let confirmed = Double(max(1, load.latencies.count))
        let spent = zip(stack.cpu(), before).map { (name: $0.name, microseconds: ($0.seconds - $1.seconds) * 1e6 / confirmed) }
        return Result(
            saturated: load, steady: steadyLoad, cpuMicroseconds: spent.reduce(0) { $0 + $1.microseconds },
            cpuByService: spent, memory: stack.memory(), orders: warmUp + steady + saturated)
    }
}

/// One line of the journey.
struct Basket: Sendable {
    private let items: [ItemQuantity]
    private let couponCode: String?

    private struct Line: Decodable {
        var items: [ItemQuantity]
        var couponCode: String?
    }

    static func journey(_ folder: String) throws -> [Basket] {
        let text = try String(contentsOfFile: folder + "/orders.jsonl", encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            let line = try JSON.decode(Line.self, from: Data(line.utf8))
            return Basket(items: line.items, couponCode: line.couponCode)
        }
    }

    func body(customer: String) -> [UInt8] {
        let request = OrderRequest(
            customerId: customer, items: items, couponCode: couponCode, payment: PaymentMeans(token: "tok_ok"))
        return Array((try? JSON.encode(request)) ?? Data())
    }
}
