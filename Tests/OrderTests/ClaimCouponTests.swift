import Contracts
import Foundation
import TestSupport
import Testing

/// Several orders of one customer with one coupon, some of them placed, cancelled or declined during an
/// outage of coupon.
@Suite("A coupon's limit across an outage", .timeLimit(.minutes(10)))
struct ClaimCouponTests {
    private func withProxies(
        settings: [String: String] = [:], coupons: String = Stack.coupons,
        _ body: @Sendable (Stack, _ coupon: FaultyProxy, _ payment: FaultyProxy) async throws -> Void
    ) async throws {
        let (coupon, payment) = (try FaultyProxy(), try FaultyProxy())
        defer {
            coupon.stop()
            payment.stop()
        }
        for proxy in [coupon, payment] { proxy.treat { _ in .pass } }
        let numbers = [
            "COUPON_BREAKER_OPEN": "10ms", "COUPON_BREAKER_LONGEST_OPEN": "10ms",
            "PAYMENT_BREAKER_OPEN": "10ms",
            "PAYMENT_BREAKER_LONGEST_OPEN": "10ms",
        ]
        try await withStack(
            settings: numbers.merging(settings) { $1 },
            through: ["COUPON_URL": coupon, "PAYMENT_URL": payment],
            coupons: coupons
        ) { try await body($0, coupon, payment) }
    }

    private func learn(_ stack: Stack, _ code: String) async throws {
        _ = try await stack.order.post("/quotes", request([("APPLE", 9)], customer: "H0", coupon: code))
    }

    private func place(_ stack: Stack, _ code: String = "TENTH", token: String = "tok_ok") async throws
        -> OrderDocument
    {
        try await stack.place(request(coupon: code, token: token)).decode()
    }

    /// All discounts and refunds that the customer has from it.
    private func worth(_ stack: Stack, _ orders: [OrderDocument]) async throws -> Int {
        var sum = 0
        for order in orders {
            let now = try await stack.show(order.id)
            if now.status == .confirmed { sum += now.discount + now.refunded }
        }
        return sum
    }

    private func activeRedemptions(_ stack: Stack) async throws -> [String] {
        let page: Page<Redemption> = try await stack.coupon.get("/redemptions?status=active").decode()
        return page.items.map(\.orderId)
    }

    @Test("one order is estimated, others are skipped: the estimate is recorded, the others get nothing")
    func estimatedFirst() async throws {
        try await withProxies { stack, coupon, _ in
            try await learn(stack, "TENTH")
            coupon.treat { _ in .refuse }
            var orders: [OrderDocument] = []
            for _ in 0..<4 { orders.append(try await place(stack)) }
            #expect(orders.map(\.discount) == [10, 0, 0, 0])
            coupon.treat { _ in .pass }
            try await stack.drained()
            #expect(try await worth(stack, orders) == 10)
            #expect(try await activeRedemptions(stack) == [orders[0].id])
        }
    }

    @Test("an unpaid order keeps its estimated discount; later orders wait until it has ended")
    func unpaidFirst() async throws {
        try await withProxies { stack, coupon, payment in
            try await learn(stack, "TENTH")
            coupon.treat { _ in .refuse }
            payment.treat { _ in .refuse }
            let first = try await place(stack)
            #expect(first.status == .accepted && first.discount == 10)
            coupon.treat { _ in .pass }
            // Neither is paid: the second waits for the first, whatever is known of the coupon.
            let second = try await place(stack)
            #expect(second.discount == 0 && second.degradations.contains { $0.reason == "awaiting-earlier" })
            payment.treat { _ in .pass }
            try await stack.drained()
            #expect(try await worth(stack, [first, second]) == 10)
            #expect(try await activeRedemptions(stack) == [first.id])
        }
    }

    @Test("a cancelled order's redemption is released before the next order's is recorded")
    func releaseFirst() async throws {
        try await withProxies { stack, coupon, payment in
            try await learn(stack, "TENTH")
            payment.treat { _ in .refuse }
            let first = try await place(stack)
            #expect(first.status == .accepted && first.discount == 10)
            coupon.treat { _ in .refuse }
            _ = try await stack.order.post("/orders/\(first.id)/cancel", [String: String]())
            payment.treat { _ in .pass }
            let second = try await place(stack)
            #expect(second.discount == 10 && second.degradations.map(\.effect) == [.couponEstimated])
            // The release alone still fails: the redemption has to wait for it.
            coupon.treat { $0.contains("release") ? .refuse : .pass }
            let third = try await place(stack)
            #expect(third.discount == 0)
            coupon.treat { _ in .pass }
            try await stack.drained()
            #expect(try await activeRedemptions(stack) == [second.id])
            #expect(try await worth(stack, [second, third]) == 10)
            let fourth = try await stack.place(request(coupon: "TENTH"))
            #expect(fourth.status == 422 && fourth.problem?.code == "coupon-refused")
        }
    }

    @Test("a promised refund isn't refused because of a cancelled order")
    func promisedRefund() async throws {
        try await withProxies { stack, coupon, payment in
            payment.treat { _ in .refuse }
            let first = try await place(stack, "ALL")
            #expect(first.discount == 100 && first.status == .accepted)
            coupon.treat { _ in .refuse }
            payment.treat { $0.contains("void") ? .pass : .refuse }
            let second = try await place(stack, "ALL")
            #expect(second.degradations.contains { $0.effect == .couponSkipped && $0.repair == .refundLater })
            _ = try await stack.order.post("/orders/\(first.id)/cancel", [String: String]())
            payment.treat { _ in .pass }
            coupon.treat { _ in .pass }
            try await stack.drained()
            let refunded = try await stack.show(second.id)
            #expect(refunded.status == .confirmed && refunded.refunded == 100)
        }
    }

    @Test("after a declined card the coupon is free for another card at once")
    func anotherCard() async throws {
        try await withProxies { stack, coupon, _ in
            try await learn(stack, "TENTH")
            // Messages through the queue arrive later than the next order.
            coupon.treat { $0.contains("release") ? .refuse : .pass }
            let declined = try await stack.place(request(coupon: "TENTH", token: "tok_declined"))
            #expect(declined.status == 402)
            coupon.treat { _ in .pass }
            let answer = try await stack.place(request(coupon: "TENTH"))
            #expect(answer.status == 201)
            let order: OrderDocument = try answer.decode()
            #expect(order.discount == 10 && order.degradations.isEmpty)
            try await stack.drained()
            #expect(try await activeRedemptions(stack) == [order.id])
        }
    }

    @Test("canonically equal codes are one coupon: composed, decomposed or mixed")
    func spellings() async throws {
        let code = "추석".precomposedStringWithCanonicalMapping
        let coupons = "code,amount_off,limit_per_customer,eligible_skus\n\(code),10,1,APPLE\n"
        try await withProxies(coupons: coupons) { stack, coupon, _ in
            try await learn(stack, code)
            let decomposed = code.decomposedStringWithCanonicalMapping
            let mixed =
                String(code.first ?? " ") + String(code.last ?? " ").decomposedStringWithCanonicalMapping
            let live: OrderDocument = try await stack.place(request(customer: "L", coupon: decomposed))
                .decode()
            #expect(live.discount == 10 && live.degradations.isEmpty)
            coupon.treat { _ in .refuse }
            var orders: [OrderDocument] = []
            for spelling in [decomposed, code, mixed] { orders.append(try await place(stack, spelling)) }
            #expect(orders.map(\.discount) == [10, 0, 0])
            coupon.treat { _ in .pass }
            try await stack.drained()
            #expect(try await worth(stack, orders) == 10)
        }
    }

    @Test("canonically equal customer ids are one customer")
    func customers() async throws {
        try await withProxies { stack, coupon, _ in
            try await learn(stack, "TENTH")
            coupon.treat { _ in .refuse }
            let first: OrderDocument = try await stack.place(request(customer: "Zoe\u{301}", coupon: "TENTH"))
                .decode()
            let second: OrderDocument = try await stack.place(request(customer: "Zo\u{E9}", coupon: "TENTH"))
                .decode()
            #expect(first.discount == 10 && second.discount == 0)
        }
    }
}
