import Contracts
import Foundation
import TestSupport
import Testing
import Transport

/// Customers who take every path of a purchase and never give up: a request without an answer is sent again
/// with the same key.
struct CustomerJourney: Sendable {
    private struct NotReached: Error {}

    static let products = """
        sku,name,department,price,stock
        APPLE,Apple,FRUIT,100,1000000
        RARE,Rare fruit,FRUIT,999,3
        """
    static let coupons = """
        code,amount_off,limit_per_customer,eligible_skus
        TENTH,10,1,APPLE
        LARGE,501,1,APPLE
        """

    let stack: SystemStack
    /// Part of every key and customer, so that journeys don't collide.
    let round: String

    func all() async throws {
        try await quote()
        let plain = try await buy("plain", coupon: "TENTH", expecting: [201, 202])
        try await buy("declined", coupon: "TENTH", token: "tok_declined", expecting: [402, 202, 200])
        try await buy("short", "RARE", quantity: 1000, expecting: [409, 202, 200])
        try await with("payment", forced: "forced-open") {
            try await buy("unpaid", expecting: [201, 202])
            let unpaid = try await buy("cancelled", coupon: "TENTH", expecting: [201, 202])
            try await cancel(unpaid)
        }
        try await with("inventory", forced: "forced-open") {
            try await buy("promised", expecting: [201, 202])
        }
        try await with("coupon", forced: "forced-open") {
            try await buy("estimated", coupon: "TENTH", expecting: [201, 202])
            try await buy("skipped", coupon: "LARGE", expecting: [201, 202])
            try await buy(
                "without", coupon: "LARGE", ifCouponUnavailable: .orderWithout, expecting: [201, 202])
            try await buy(
                "rejecting", coupon: "LARGE", ifCouponUnavailable: .reject, expecting: [201, 202, 503, 200])
        }
        let again = try await buy("plain", coupon: "TENTH", expecting: [201, 202])
        #expect(again == plain, "one key, two orders")
        try await refund(plain)
    }

    /// Sends the order until it is answered, and returns its id if there is one.
    @discardableResult
    private func buy(
        _ name: String, _ sku: String = "APPLE", quantity: Int = 1, coupon: String? = nil,
        ifCouponUnavailable: IfCouponUnavailable? = nil, token: String = "tok_ok", expecting: Set<Int>
    ) async throws -> String? {
        let order = OrderRequest(
            customerId: "\(name)-\(round)", items: [ItemQuantity(sku: sku, quantity: quantity)],
            couponCode: coupon,
            ifCouponUnavailable: ifCouponUnavailable, payment: PaymentMeans(token: token))
        let (status, body) = try await persist {
            let (status, body) = try await stack.place(order, key: "\(name)-\(round)")
            let code = (try? JSON.decode(ProblemDocument.self, from: body))?.code
            let isFinal = status != 503 || (expecting.contains(503) && code == "coupon-unavailable")
            return isFinal && code != "request-in-progress" ? (status, body) : nil
        }
        #expect(expecting.contains(status), "\(name): \(status) \(String(decoding: body, as: UTF8.self))")
        return (try? JSON.decode(OrderDocument.self, from: body))?.id
    }

    private func cancel(_ id: String?) async throws {
        guard let id else { return }
        struct Nothing: Encodable {}
        // 409: it was confirmed before.
        let status = try await persist {
            let status = try await stack.post("order", "/orders/\(id)/cancel", Nothing()).status
            return status == 200 || status == 409 ? status : nil
        }
        #expect(status == 200 || status == 409)
    }

    /// Returns the goods as soon as the order is confirmed.
    private func refund(_ id: String?) async throws {
        let id = try #require(id)
        let wanted = OrderRefundRequest(items: [ItemQuantity(sku: "APPLE", quantity: 1)], reason: "sent back")
        _ = try await persist { () async throws -> Int? in
            let answer = try await stack.post(
                "order", "/orders/\(id)/refunds", wanted, key: "refund-\(round)", token: "admin")
            return [201, 202].contains(answer.status) ? answer.status : nil
        }
    }

    private func quote() async throws {
        let wanted = OrderRequest(
            customerId: "quote", items: [ItemQuantity(sku: "APPLE", quantity: 1)], couponCode: "TENTH")
        let status = try await persist {
            let status = try await stack.post("order", "/quotes", wanted).status
            return status == 503 ? nil : status
        }
        #expect(status == 200)
    }

    /// Holds order's breaker of a dependency open meanwhile. A restarted order service has its automatic
    /// breaker again.
    private func with(_ dependency: String, forced control: String, _ body: () async throws -> Void)
        async throws
    {
        func set(_ control: String) async throws {
            _ = try await persist { () async throws -> Int? in
                var request = HTTPClient.Request(
                    method: "PATCH", url: try stack.url("order") + "/csp/dependencies/\(dependency)",
                    connectTimeout: .seconds(5), timeout: .seconds(5))
                request.headers = [("Content-Type", "application/json"), ("Authorization", "Bearer admin")]
                request.body = Array(#"{"control":"\#(control)"}"#.utf8)
                let status = try await stack.client.send(request).status
                return status == 200 ? status : nil
            }
        }
        try await set(control)
        try await body()
        try await set("automatic")
    }

    /// Repeats until there is an answer: dead services are restarted meanwhile.
    private func persist<Value>(_ attempt: () async throws -> Value?) async throws -> Value {
        let limit = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < limit {
            if let value = try? await attempt() { return value }
            await Task.yield()
        }
        throw NotReached()
    }
}
