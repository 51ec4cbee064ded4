import Contracts
import Foundation
import Resilience
import Transport

/// Quotes, and reads of placed orders.
final class ReadLoad: Sendable {
    private let client: HTTPClient
    private let orderURL: String
    private let baskets: [Basket]
    private let state = Locked(DrillExperiment.Reads())

    init(client: HTTPClient, orderURL: String, baskets: [Basket]) {
        self.client = client
        self.orderURL = orderURL
        self.baskets = baskets
    }

    var counts: DrillExperiment.Reads { state.withLock { $0 } }

    /// - Parameter order: one that was placed.
    func run(every pause: Duration, until isOver: @Sendable () -> Bool, _ order: @Sendable () -> String?)
        async throws
    {
        let begin = ContinuousClock.now
        var count = 0
        try await withThrowingDiscardingTaskGroup { group in
            while !isOver() {
                count += 1
                try await Task.sleep(until: begin + pause * count, clock: .continuous)
                let basket = baskets[count % baskets.count]
                let id = count.isMultiple(of: 2) ? order() : nil
                group.addTask { await self.read(id, basket) }
            }
        }
    }

    private func read(_ id: String?, _ basket: Basket) async {
        var request = HTTPClient.Request(
            url: orderURL + (id.map { "/orders/\($0)" } ?? "/quotes"), connectTimeout: .seconds(1),
            timeout: Purchase.attemptTimeout)
        if id == nil {
            let wanted = OrderRequest(customerId: "quote", items: basket.items, couponCode: basket.couponCode)
            request.method = "POST"
            request.headers = [(name: "Content-Type", value: "application/json")]
            request.body = Array((try? JSON.encode(wanted)) ?? Data())
        }
        let answer = try? await client.send(request)
        let code = answer.flatMap { try? JSON.decode(ProblemDocument.self, from: Data($0.body)).code }
        state.withLock { counts in
            counts.sent += 1
            switch answer?.status {
            case 503? where code.map(Sample.allowed503s.contains) == true: counts.refused += 1
            case let status? where status < 500: break
            default: counts.failed += 1
            }
        }
    }
}
