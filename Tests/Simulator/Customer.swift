import Contracts
import Foundation
import Transport

/// A customer who wants one order: sends it again with the same key until there is an answer that ends it,
/// and may cancel it, send it twice, say it in other words, or come again with another card.
final class Customer: @unchecked Sendable {
    private static let timeout = Duration.seconds(3)
    private static let tries = 10

    /// An answer to the customer.
    enum Reply {
        case order(OrderDocument, status: Int)
        case problem(ProblemDocument)
    }

    let number: Int
    /// The keys, each with its request.
    private(set) var orders: [(key: String, request: OrderRequest)]
    /// All answers to the customer.
    private(set) var told: [Reply] = []
    private(set) var isDone = false
    private unowned let shop: Shop
    private let host: Host

    init(_ shop: Shop, number: Int, request: OrderRequest) {
        self.shop = shop
        self.number = number
        host = shop.customers
        orders = [("key-\(number)", request)]
    }

    func begin() {
        let dice = Scheduler.shared
        let start = dice.dice.from(0, Shop.sales)
        let isDoubled = dice.dice.happens(50)
        let secondAfter = dice.dice.from(0, 20)
        let cancelAfter: Int64? =
            dice.dice.happens(shop.cancelShare)
            ? (dice.dice.happens(500) ? dice.dice.from(0, 100) : dice.dice.from(0, 10_000)) : nil
        dice.after(start, in: host) { [self] in
            Task {
                await buy()
                if dice.dice.happens(150) { await askForRefund() }
                isDone = true
            }
            let (key, request) = orders[0]
            if isDoubled {
                dice.after(secondAfter, in: host) { [self] in Task { _ = await send(request, key) } }
            }
            if let cancelAfter { dice.after(cancelAfter, in: host) { [self] in Task { await cancel() } } }
        }
    }

    /// Sends until a final answer.
    private func buy() async {
        var (key, request) = orders[0]
        var tries = 0
        while tries < Self.tries {
            tries += 1
            let reply = await send(request, key)
            let again: Bool
            switch reply {
            case nil: again = true
            case .problem(let problem) where problem.status == 503 || problem.code == "request-in-progress":
                again = true
            case .order(let order, _) where !order.status.isTerminal:
                again = Scheduler.shared.dice.happens(300)
            case .problem(let problem)
            where (problem.status == 402 || problem.code == "order-cancelled") && orders.count == 1:
                again = Scheduler.shared.dice.happens(800)
                if again {
                    // Places a new order at once, with the same coupon and another card.
                    key += "-again"
                    request.payment = PaymentMeans(token: "tok_ok")
                    orders.append((key, request))
                    tries = 0
                    await host.pause(Scheduler.shared.dice.from(0, 50))
                    continue
                }
            case .order, .problem: again = Scheduler.shared.dice.happens(50)
            }
            guard again else { return }
            await host.pause(Scheduler.shared.dice.from(100, 2500))
        }
    }

    private func send(_ request: OrderRequest, _ key: String) async -> Reply? {
        let answer = await ask("POST", "/orders", body: try? JSON.encode(reworded(request)), key: key)
        guard let answer else { return nil }
        let reply = reply(answer)
        if let reply { told.append(reply) }
        if case .problem(let problem)? = reply, problem.code == "idempotency-key-reused" {
            shop.judge.broken(.sameRequest, key, problem.detail)
        }
        return reply
    }

    /// The same, written in another way.
    private func reworded(_ request: OrderRequest) -> OrderRequest {
        var same = request
        let dice = Scheduler.shared
        if dice.dice.happens(500) { same.items.reverse() }
        if dice.dice.happens(500) { same.ifCouponUnavailable = request.ifCouponUnavailable ?? .refundLater }
        if dice.dice.happens(500) {
            same.couponCode = request.couponCode?.decomposedStringWithCanonicalMapping
        }
        return same
    }

    private func reply(_ answer: HTTPClient.Response) -> Reply? {
        let body = Data(answer.body)
        if (200..<300).contains(answer.status) {
            return (try? JSON.decode(OrderDocument.self, from: body)).map {
                .order($0, status: answer.status)
            }
        }
        return (try? JSON.decode(ProblemDocument.self, from: body)).map { .problem($0) }
    }

    /// Cancels by the order's id, which the customer reads from the list.
    private func cancel() async {
        guard let list = await ask("GET", "/orders?customerId=\(orders[0].request.customerId)"),
            let page = try? JSON.decode(Page<OrderDocument>.self, from: Data(list.body))
        else { return }
        guard let order = page.items.first(where: { !$0.status.isTerminal }) else { return }
        if let answer = await ask("POST", "/orders/\(order.id)/cancel"), let reply = reply(answer) {
            told.append(reply)
        }
    }

    /// An operator refunds a part or the rest of the last order, with or without goods.
    private func askForRefund() async {
        var confirmed: OrderDocument?
        for case .order(let order, _) in told where order.status == .confirmed { confirmed = order }
        guard let confirmed, let line = confirmed.items.first else { return }
        let dice = Scheduler.shared
        await host.pause(dice.dice.from(0, 8000))
        let isPaidPast = dice.dice.happens(300)
        if isPaidPast { await refundPastOrder(confirmed.id) }
        let request = OrderRefundRequest(
            amount: !isPaidPast && dice.dice.happens(500) ? Int(dice.dice.from(1, 50)) : nil,
            items: dice.dice.happens(500) ? [ItemQuantity(sku: line.sku, quantity: 1)] : nil,
            reason: "asked for")
        for _ in 0..<5 {
            let answer = await ask(
                "POST", "/orders/\(confirmed.id)/refunds", body: try? JSON.encode(request),
                key: "refund-\(number)",
                token: Tokens.administrator)
            if let answer, answer.status < 500, answer.status != 409 { return }
            await host.pause(dice.dice.from(100, 2500))
        }
    }

    /// An operator pays something back without asking order.
    private func refundPastOrder(_ orderId: String) async {
        guard let list = await ask("GET", "/payments?orderId=\(orderId)", of: "payment"),
            let page = try? JSON.decode(Page<Payment>.self, from: Data(list.body)),
            let payment = page.items.first
        else { return }
        let refund = RefundRequest(
            amount: Int(Scheduler.shared.dice.from(1, 50)), reason: Judge.refundedByHand)
        _ = await ask(
            "POST", "/payments/\(payment.id)/refunds", of: "payment", body: try? JSON.encode(refund),
            key: "by-hand-\(number)", token: Tokens.service)
    }

    private func ask(
        _ method: String, _ path: String, of service: String = "order", body: Data? = nil,
        key: String? = nil, token: String? = nil
    ) async -> HTTPClient.Response? {
        var request = HTTPClient.Request(
            method: method, url: "http://\(service)" + path, connectTimeout: Self.timeout,
            timeout: Self.timeout)
        if let body {
            request.body = Array(body)
            request.headers.append((name: "Content-Type", value: "application/json"))
        }
        if let token { request.headers.append((name: "Authorization", value: "Bearer \(token)")) }
        if let key { request.headers.append((name: "Idempotency-Key", value: key)) }
        return try? await shop.network.sender(in: host).send(request)
    }
}
