import Contracts
import Foundation
import Resilience
import TestSupport
import Testing

/// Customers who place orders in sequence and repeat each with the same key until it is accepted.
final class Customers: Sendable {
    struct Tally: Sendable {
        /// Ids of the orders that were acknowledged with 201 or 202.
        var orders: Set<String> = []
        var confirmed = 0
        /// The other answers by their problem's code.
        var refusals: [String: Int] = [:]
        /// Who was answered so, by the problem's code.
        var refused: [String: Set<String>] = [:]
        var unexpected: [String] = []
        var latencies: [Duration] = []
        var isOver = false

        var line: String {
            let refused = refusals.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(
                separator: ", ")
            let sorted = latencies.sorted()
            func percentile(_ share: Double) -> Int {
                guard !sorted.isEmpty else { return 0 }
                let latency = sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
                return Int(latency / .milliseconds(1))
            }
            return
                """
                \(orders.count) orders (\(confirmed) confirmed at once), refused: \
                \(refused.isEmpty ? "none" : refused); p50 \(percentile(0.5)) ms, p99 \(percentile(0.99)) ms
                """
        }
    }

    let tally = Watched(Tally())
    private let stack: SystemStack
    /// Many products, so that none sells out.
    let skus: [String]
    private let begin = ContinuousClock.now
    /// Far longer than any of these tests takes.
    private static let timeout = Duration.seconds(600)

    init(_ stack: SystemStack) async throws {
        self.stack = stack
        let products: Page<Product> = try await stack.get("inventory", "/products?limit=500")
        skus = products.items.map(\.sku)
    }

    static func order(_ customer: String, sku: String = "P850102") -> OrderRequest {
        let items = [ItemQuantity(sku: sku, quantity: 1)]
        return OrderRequest(customerId: customer, items: items, payment: PaymentMeans(token: "tok_ok"))
    }

    /// `count` customers order concurrently until `body` has returned.
    func order(_ count: Int, while body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                group.addTask {
                    while !self.tally.value.isOver { try await self.orderOne("H\(number)") }
                }
            }
            defer { tally.update { $0.isOver = true } }
            try await body()
        }
    }

    /// `count` customers order concurrently, each `each` times.
    func order(_ count: Int, each: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                group.addTask {
                    for _ in 0..<each { try await self.orderOne("H\(number)") }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Waits for the condition, and fails if the customers give up.
    func until(_ condition: @escaping @Sendable (Tally) -> Bool) async throws {
        await tally.until { condition($0) || !$0.unexpected.isEmpty }
        try #require(tally.value.unexpected == [])
    }

    private func orderOne(_ customer: String) async throws {
        let key = UUID().uuidString
        let request = Self.order(customer, sku: skus.randomElement() ?? "")
        while !tally.value.isOver {
            guard begin.duration(to: .now) < Self.timeout else {
                return tally.update {
                    $0.unexpected.append("no end after \(Self.timeout)")
                    $0.isOver = true
                }
            }
            let sent = ContinuousClock.now
            guard let (status, body) = try? await stack.place(request, key: key) else { continue }
            let elapsed = sent.duration(to: .now)
            tally.update { $0.latencies.append(elapsed) }
            if status == 201 || status == 202 {
                let id = try JSON.decode(OrderDocument.self, from: body).id
                return tally.update {
                    $0.orders.insert(id)
                    $0.confirmed += status == 201 ? 1 : 0
                }
            }
            let code = (try? JSON.decode(ProblemDocument.self, from: body))?.code ?? "none"
            tally.update {
                $0.refusals[code, default: 0] += 1
                $0.refused[code, default: []].insert(customer)
            }
            // 409: the first request with this key still runs.
            guard status == 503 || code == "request-in-progress" else {
                return tally.update { $0.unexpected.append("\(status) \(code)") }
            }
        }
    }

    /// After the audit: each acknowledged order exists and has ended well, and no answer was outside the
    /// contract.
    func check() async throws {
        #expect(tally.value.unexpected.isEmpty)
        for id in tally.value.orders {
            let order: OrderDocument = try await stack.get("order", "/orders/\(id)")
            #expect(order.status == .confirmed, "\(id)")
        }
    }
}
