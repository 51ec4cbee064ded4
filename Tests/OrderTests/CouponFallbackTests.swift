import Contracts
import Foundation
import TestSupport
import Testing

/// Orders with a coupon during an outage of coupon, whose rules are cached.
@Suite("Discounts by the last known rule", .timeLimit(.minutes(10)))
struct CouponFallbackTests {
    /// Runs `body` with coupon behind a proxy.
    private func withProxy(
        settings: [String: String] = [:], folder: TemporaryFolder? = nil, coupons: String = Stack.coupons,
        treating treat: @escaping @Sendable (String) -> FaultyProxy.Treatment = { _ in .pass },
        _ body: @Sendable (Stack, FaultyProxy) async throws -> Void
    ) async throws {
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        proxy.treat(treat)
        // Short open durations, so that breakers close right after the outage.
        let numbers = ["COUPON_BREAKER_OPEN": "10ms", "COUPON_BREAKER_LONGEST_OPEN": "10ms"]
        try await withStack(
            settings: numbers.merging(settings) { $1 }, through: ["COUPON_URL": proxy], folder: folder,
            coupons: coupons
        ) { try await body($0, proxy) }
    }

    /// Makes order cache the current rule.
    private func learn(_ stack: Stack, _ code: String) async throws {
        _ = try await stack.order.post("/quotes", request([("APPLE", 9)], customer: "H0", coupon: code))
    }

    private func redemptions(_ stack: Stack, _ order: OrderDocument) async throws -> [Redemption] {
        let page: Page<Redemption> = try await stack.coupon.get("/redemptions?orderId=\(order.id)").decode()
        return page.items
    }

    @Test("the order is confirmed with an estimated discount, and the redemption is recorded later")
    func estimated() async throws {
        try await withProxy { stack, proxy in
            try await learn(stack, "TENTH")
            proxy.treat { _ in .refuse }
            let answer = try await stack.place(request(coupon: "TENTH", ifCouponUnavailable: .reject))
            let order: OrderDocument = try answer.decode()
            #expect(answer.status == 201 && order.status == .confirmed)
            #expect((order.subtotal, order.discount, order.total) == (200, 10, 190))
            let degradation = try #require(order.degradations.first)
            #expect(
                degradation.effect == .couponEstimated && degradation.source == .cache
                    && degradation.ageSeconds != nil)
            #expect(
                degradation.repair == .recordLater && !degradation.repaired && order.degradations.count == 1)

            proxy.treat { _ in .pass }
            try await stack.drained()
            #expect(try await redemptions(stack, order).map(\.discount) == [10])
            let repaired = try await stack.show(order.id)
            #expect(repaired.degradations.map(\.outcome) == ["redeemed; nothing was owed"])
            #expect((repaired.discount, repaired.total, repaired.refunded) == (10, 190, 0))
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.map { [$0.amount, $0.refunded] } == [[190, 0]])
        }
    }

    @Test(
        "the rule survives a restart, and a changed rule costs the customer nothing",
        arguments: [
            ("TENTH,30,1,APPLE", "redeemed; 20 refunded", 20),
            ("TENTH,4,1,APPLE", "redeemed; 6 less than was given, and nothing is taken back", 0),
            ("TENTH,10,1,PEAR", "the coupon was refused: no eligible item; the discount of 10 stays", 0),
            ("OTHER,10,1,APPLE", "the coupon was refused: unknown coupon; the discount of 10 stays", 0),
        ])
    func changed(rule: String, outcome: String, refunded: Int) async throws {
        let folder = try TemporaryFolder()
        try await withProxy(folder: folder) { stack, _ in try await learn(stack, "TENTH") }
        let coupons = "code,amount_off,limit_per_customer,eligible_skus\n\(rule)\n"
        try await withProxy(folder: folder, coupons: coupons, treating: { _ in .refuse }) { stack, proxy in
            let order: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
            #expect(order.degradations.map(\.effect) == [.couponEstimated] && order.total == 190)
            proxy.treat { _ in .pass }
            try await stack.drained()
            let repaired = try await stack.show(order.id)
            #expect(repaired.degradations.map(\.outcome) == [outcome])
            #expect((repaired.discount, repaired.total, repaired.refunded) == (10, 190, refunded))
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.map { [$0.amount, $0.refunded] } == [[190, refunded]])
            let told: Page<StoredNotification> = try await stack.notification.get("/notifications").decode()
            #expect(told.items.count { $0.kind == .orderRefunded } == (refunded > 0 ? 1 : 0))
        }
    }

    @Test("of concurrent orders only as many are discounted as the customer's limit allows")
    func limit() async throws {
        try await withProxy { stack, proxy in
            try await learn(stack, "TWICE")
            proxy.treat { _ in .refuse }
            let effects = try await withThrowingTaskGroup(of: Degradation.Effect?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        let order: OrderDocument = try await stack.place(request(coupon: "TWICE")).decode()
                        return order.degradations.first?.effect
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(
                effects.count { $0 == .couponEstimated } == 2 && effects.count { $0 == .couponSkipped } == 18)
            // Another customer has an own limit.
            let other: OrderDocument = try await stack.place(request(customer: "H2", coupon: "TWICE"))
                .decode()
            #expect(other.discount == 20)
        }
    }

    @Test("an order uses up a use of the coupon, and a failed one releases it")
    func uses() async throws {
        try await withProxy { stack, proxy in
            let live: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
            #expect(live.discount == 10 && live.degradations.isEmpty)
            try await learn(stack, "TENTH")
            proxy.treat { _ in .refuse }
            let second: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
            #expect(second.degradations.map(\.effect) == [.couponSkipped] && second.total == 200)

            let declined = try await stack.place(
                request(customer: "H2", coupon: "TENTH", token: "tok_declined"))
            #expect(declined.status == 402)
            let afterwards: OrderDocument = try await stack.place(request(customer: "H2", coupon: "TENTH"))
                .decode()
            #expect(afterwards.discount == 10)
        }
    }

    @Test(
        "the cached rule never refuses an order: the customer's choice decides",
        arguments: [("LARGE", "APPLE"), ("PAST", "APPLE"), ("TENTH", "PEAR"), ("NONE", "APPLE")])
    func skipped(code: String, sku: String) async throws {
        try await withProxy { stack, proxy in
            try await learn(stack, code)
            proxy.treat { _ in .refuse }
            let order: OrderDocument = try await stack.place(request([(sku, 9)], coupon: code)).decode()
            #expect(order.status == .confirmed && order.discount == 0)
            #expect(order.degradations.map(\.effect) == [.couponSkipped])
            let rejected = try await stack.place(
                request([(sku, 9)], coupon: code, ifCouponUnavailable: .reject))
            #expect(rejected.status == 503 && rejected.problem?.code == "coupon-unavailable")
        }
    }

    @Test("if the answer of a redemption was lost, the coupon is used and given once")
    func lostAnswer() async throws {
        try await withProxy(settings: ["COUPON_ATTEMPTS": "1"]) { stack, proxy in
            try await learn(stack, "TENTH")
            proxy.treat { $0.hasPrefix("POST /redemptions") ? .loseAnswer : .pass }
            let order: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
            #expect(order.degradations.map(\.effect) == [.couponEstimated])
            #expect(try await redemptions(stack, order).map(\.status) == [.active])
            proxy.treat { _ in .pass }
            try await stack.drained()
            #expect(try await redemptions(stack, order).map(\.discount) == [10])
            let repaired = try await stack.show(order.id)
            #expect(
                repaired.refunded == 0
                    && repaired.degradations.map(\.outcome) == ["redeemed; nothing was owed"])
        }
    }

    @Test("a quote has the same discount, and omits a coupon that the customer has used up")
    func quotes() async throws {
        try await withProxy { stack, proxy in
            try await learn(stack, "TENTH")
            proxy.treat { _ in .refuse }
            let quote: QuoteDocument = try await stack.order.post("/quotes", request(coupon: "TENTH"))
                .decode()
            #expect((quote.discount, quote.total) == (10, 190))
            let degradation = try #require(quote.degradations.first)
            #expect(
                degradation.effect == .couponEstimated && degradation.source == .cache
                    && degradation.ageSeconds != nil)
            #expect(degradation.repair == Degradation.Repair.none)
            #expect(try await stack.place(request(coupon: "TENTH")).status == 201)
            let second: QuoteDocument = try await stack.order.post("/quotes", request(coupon: "TENTH"))
                .decode()
            #expect(second.discount == 0 && second.degradations.map(\.effect) == [.couponSkipped])
        }
    }

    @Test("all rules are cached when the service starts")
    func filled() async throws {
        try await withProxy(treating: { $0.hasPrefix("GET /coupons?") ? .pass : .refuse }) { stack, _ in
            while true {
                let quote: QuoteDocument = try await stack.order.post("/quotes", request(coupon: "TENTH"))
                    .decode()
                if quote.discount == 10 { break }
            }
        }
    }

    @Test(
        "without inventory as well the order is accepted with the discount, and finished and recorded later")
    func inventoryToo() async throws {
        let inventory = try FaultyProxy()
        defer { inventory.stop() }
        let coupon = try FaultyProxy()
        defer { coupon.stop() }
        let numbers = ["INVENTORY", "COUPON"].flatMap {
            [("\($0)_BREAKER_OPEN", "10ms"), ("\($0)_BREAKER_LONGEST_OPEN", "10ms")]
        }
        try await withStack(
            settings: Dictionary(uniqueKeysWithValues: numbers),
            through: ["INVENTORY_URL": inventory, "COUPON_URL": coupon]
        ) { stack in
            try await learn(stack, "TENTH")
            for proxy in [inventory, coupon] { proxy.treat { _ in .refuse } }
            let accepted = try await stack.place(request(coupon: "TENTH"))
            let order: OrderDocument = try accepted.decode()
            #expect(accepted.status == 202 && order.total == 190)
            #expect(order.degradations.map(\.effect) == [.priceCached, .stockUnverified, .couponEstimated])
            let doomed: OrderDocument = try await stack.place(request(customer: "H2", coupon: "TENTH"))
                .decode()
            #expect(try await stack.order.post("/orders/\(doomed.id)/cancel").status == 200)

            inventory.treat { _ in .pass }
            #expect(try await stack.until(order.id) { $0.status.isTerminal }.status == .confirmed)
            coupon.treat { _ in .pass }
            try await stack.drained()
            let finished = try await stack.show(order.id)
            #expect((finished.discount, finished.total, finished.refunded) == (10, 190, 0))
            #expect(finished.degradations.allSatisfy { $0.repair == .none || $0.repaired })
            #expect(try await redemptions(stack, order).map(\.status) == [.active])
            #expect(try await redemptions(stack, doomed).map(\.status) == [.released])
            #expect(
                try await stack.show(doomed.id).degradations.allSatisfy { $0.repair == .none || $0.repaired })
        }
    }

    @Test("the refund of a late coupon waits for payment alone, and is made once")
    func refundWaits() async throws {
        let payment = try FaultyProxy()
        defer { payment.stop() }
        let coupon = try FaultyProxy()
        defer { coupon.stop() }
        let numbers = ["PAYMENT", "COUPON"].flatMap {
            [("\($0)_BREAKER_OPEN", "10ms"), ("\($0)_BREAKER_LONGEST_OPEN", "10ms")]
        }
        try await withStack(
            settings: Dictionary(uniqueKeysWithValues: numbers),
            through: ["PAYMENT_URL": payment, "COUPON_URL": coupon]
        ) { stack in
            try await learn(stack, "LARGE")
            coupon.treat { _ in .refuse }
            let order: OrderDocument = try await stack.place(request([("APPLE", 9)], coupon: "LARGE"))
                .decode()
            #expect(order.total == 900 && order.degradations.map(\.effect) == [.couponSkipped])
            payment.treat { _ in .loseAnswer }
            coupon.treat { _ in .pass }
            while try await stack.order.get("/queue").decode(QueueStatus.self).byKind["refund-order"] == nil {
            }
            #expect(try await redemptions(stack, order).map(\.discount) == [501])
            #expect(try await stack.show(order.id).degradations.map(\.repaired) == [false])
            payment.treat { _ in .pass }
            try await stack.drained()
            let repaired = try await stack.show(order.id)
            #expect(
                repaired.refunded == 501 && repaired.degradations.map(\.outcome) == ["redeemed; 501 refunded"]
            )
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.flatMap { $0.refunds.map(\.amount) } == [501])
        }
    }
}
