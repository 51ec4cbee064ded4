import Contracts
import Foundation
import Transport

/// The whole stack as `csp up` runs it: a process a service, the journey's baskets, real HTTP, real disks.
enum OrderBenchmark {
    struct Result {
        var saturated: LoadResult
        var steady: LoadResult
        var cpuMicroseconds: Double
        var cpuByService: [(name: String, microseconds: Double)]
        var memory: [(name: String, mebibytes: Double)]
        /// From order's decision, commit included, to notification's handling, in milliseconds.
        var deliveries: [Duration]
        /// Percent of a core without load.
        var idle: [(name: String, percent: Double)]
        var orders: Int

        func text(beside floor: FloorBenchmark.Result) -> String {
            """
            orders, 32 clients, closed loop
              \(fixed(saturated.perSecond, 0)) orders/s, \
            p50 \(fixed(saturated.percentile(0.5).milliseconds)) ms, \
            p99 \(fixed(saturated.percentile(0.99).milliseconds)) ms, \(saturated.failures) failed
              \(fixed(floor.load.perSecond / saturated.perSecond)) × fewer than the floor's requests/s
              \(fixed(cpuMicroseconds, 0)) µs CPU an order over all services (aim: 1,200), \
            \(fixed(cpuMicroseconds / floor.cpuMicroseconds)) × the floor's request
              \(cpuByService.map { "\($0.name) \(fixed($0.microseconds, 0))" }.joined(separator: ", "))

            orders, 300/s, open loop
              p50 \(fixed(steady.percentile(0.5).milliseconds)) ms, \
            p99 \(fixed(steady.percentile(0.99).milliseconds)) ms (aim: 100), \(steady.failures) failed

            commit to handler, from order to notification, 20 orders/s
              p50 \(fixed(percentile(deliveries, 0.5))) ms (aim: 5), \
            p99 \(fixed(percentile(deliveries, 0.99))) ms (whole milliseconds)

            idle for 30 s (aim: under 0.2 % of a core each)
              \(idle.map { "\($0.name) \(fixed($0.percent, 2)) %" }.joined(separator: ", "))

            resident after \(orders) orders (aim: 60 MiB each)
              \(memory.map { "\($0.name) \(fixed($0.mebibytes, 0)) MiB" }.joined(separator: ", "))
            """
        }
    }

    private static func percentile(_ durations: [Duration], _ share: Double) -> Double {
        let sorted = durations.sorted()
        return sorted.isEmpty
            ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))].milliseconds
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
        // Each order has its own customer, so that every use of a coupon is a first one.
        let send: @Sendable (Int) async -> Bool = { number in
            let basket = baskets[number % baskets.count]
            var request = HTTPClient.Request(method: "POST", url: url + "/orders", timeout: .seconds(10))
            request.headers = [
                (name: "Content-Type", value: "application/json"),
                (name: "Idempotency-Key", value: "\(run)-\(number)"),
            ]
            request.body = basket.body(customer: "\(run)-\(number)")
            return (try? await client.send(request))?.status == 201
        }
        // Few orders of each basket, so that the stock lasts.
        let warmUp = 1_000
        _ = await Load.closed(clients: 32, count: warmUp, send: send)
        let steadyLoad = await Load.open(rate: 300, count: steady) { await send(warmUp + $0) }
        try await stack.drain(client)
        let before = stack.cpu()
        let load = await Load.closed(clients: 32, count: saturated) { await send(warmUp + steady + $0) }
        try await stack.drain(client)
        let confirmed = Double(max(1, load.latencies.count))
        let spent = zip(stack.cpu(), before).map {
            (name: $0.name, microseconds: ($0.seconds - $1.seconds) * 1e6 / confirmed)
        }
        let deliveries = try await deliveries(stack, client) { await send(warmUp + steady + saturated + $0) }
        let idle = try await idle(stack)
        return Result(
            saturated: load, steady: steadyLoad, cpuMicroseconds: spent.reduce(0) { $0 + $1.microseconds },
            cpuByService: spent, memory: stack.memory(), deliveries: deliveries, idle: idle,
            orders: warmUp + steady + saturated)
    }

    /// At a rate so low that each message finds the queue's worker idle.
    private static func deliveries(
        _ stack: BenchmarkStack, _ client: HTTPClient, count: Int = 400,
        send: @escaping @Sendable (Int) async -> Bool
    ) async throws -> [Duration] {
        func list<Item: Codable & Sendable>(_ url: String) async throws -> [Item] {
            let answer = try await client.send(HTTPClient.Request(method: "GET", url: url))
            return try JSON.decode(Page<Item>.self, from: Data(answer.body)).items
        }
        _ = await Load.open(rate: 20, count: count, send: send)
        try await stack.drain(client)
        let orders: [OrderDocument] = try await list(
            stack.url("order") + "/orders?status=confirmed&limit=\(count)")
        var deliveries: [Duration] = []
        for order in orders {
            let told: [StoredNotification] = try await list(
                stack.url("notification") + "/notifications?orderId=\(order.id)")
            guard let first = told.first(where: { $0.kind == .orderConfirmed }) else { continue }
            deliveries.append(.milliseconds(first.at.milliseconds - order.updatedAt.milliseconds))
        }
        return deliveries
    }

    private static func idle(_ stack: BenchmarkStack) async throws -> [(name: String, percent: Double)] {
        // Waits for delayed writes of the load (the last known stock, every five seconds), which are not idle
        // cost.
        try await Task.sleep(for: .seconds(6))
        let before = stack.cpu()
        try await Task.sleep(for: .seconds(30))
        return zip(stack.cpu(), before).map { (name: $0.name, percent: ($0.seconds - $1.seconds) / 30 * 100) }
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

    var skus: [String] { items.map(\.sku) }

    func body(customer: String) -> [UInt8] {
        let request = OrderRequest(
            customerId: customer, items: items, couponCode: couponCode, payment: PaymentMeans(token: "tok_ok")
        )
        return Array((try? JSON.encode(request)) ?? Data())
    }
}
