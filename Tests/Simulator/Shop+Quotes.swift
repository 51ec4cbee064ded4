import Contracts
import Foundation
import Transport

/// When nothing else goes on, an order is as the quote says that was given a moment before.
extension Shop {
    /// Asks for some quotes, and orders each.
    func orderAsQuoted() async {
        for number in 0..<4 {
            let request = quotedRequest()
            // While a breaker is still open, or a price still old, another try is as good.
            for again in 0..<3 where await !compare(request, key: "quoted-\(number)-\(again)") {
                await customers.pause(3000)
            }
        }
    }

    private func quotedRequest() -> OrderRequest {
        let item = ItemQuantity(
            sku: scheduler.dice.one(of: Catalogue.skus), quantity: Int(scheduler.dice.from(1, 20)))
        return OrderRequest(
            customerId: "H1", items: [item],
            couponCode: scheduler.dice.one(of: [nil, Catalogue.save, Catalogue.once, Catalogue.large]),
            maxTotal: scheduler.dice.happens(300) ? Int(scheduler.dice.from(0, 2000)) : nil,
            payment: PaymentMeans(token: "tok_ok"))
    }

    /// False where one of them was degraded, so that nothing can be said.
    private func compare(_ request: OrderRequest, key: String) async -> Bool {
        guard let asked = await ask("/quotes", request, key: nil) else { return false }
        let quote = try? JSON.decode(QuoteDocument.self, from: Data(asked.body))
        guard asked.status < 500, quote?.degradations.isEmpty != false else { return false }
        guard let answer = await ask("/orders", request, key: key), answer.status < 500 else { return false }
        guard let quote, quote.problems.isEmpty else { return true }
        guard answer.status < 300 else {
            judge.broken(
                .quoted, key,
                "\(answer.status) \(String(decoding: answer.body, as: UTF8.self)) after no problem")
            return true
        }
        guard let order = try? JSON.decode(OrderDocument.self, from: Data(answer.body)),
            order.degradations.isEmpty
        else { return false }
        if order.total != quote.total {
            judge.broken(.quoted, order.id, "costs \(order.total ?? -1), and \(quote.total) by its quote")
        }
        return true
    }

    private func ask(_ path: String, _ body: OrderRequest, key: String?) async -> HTTPClient.Response? {
        var request = HTTPClient.Request(
            method: "POST", url: "http://order\(path)", connectTimeout: .seconds(3), timeout: .seconds(3))
        request.headers = [(name: "Content-Type", value: "application/json")]
        if let key { request.headers.append((name: "Idempotency-Key", value: key)) }
        request.body = (try? JSON.encode(body)).map { Array($0) }
        return try? await network.sender(in: customers).send(request)
    }
}
