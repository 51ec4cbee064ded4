import Contracts
import Foundation
import InventoryService
import TestSupport
import Testing

extension Stack {
    func refund(
        _ id: String, _ request: OrderRefundRequest, key: String = UUID().uuidString,
        token: String? = TestTokens.administrator
    ) async throws -> TestAnswer {
        try await order.post("/orders/\(id)/refunds", request, key: key, token: token)
    }

    /// Ids of the notifications of refunds.
    func toldOfRefunds(_ id: String) async throws -> Set<String> {
        let told: Page<StoredNotification> = try await notification.get("/notifications?orderId=\(id)")
            .decode()
        return Set(told.items.filter { $0.kind == .orderRefunded }.map(\.id))
    }

    /// The order once nothing waits any more, after checking the invariants of every refund.
    func settled(_ id: String) async throws -> OrderDocument {
        try await drained()
        let order = try await show(id)
        let payments: Page<Payment> = try await payment.get("/payments?orderId=\(id)").decode()
        #expect(payments.items.map(\.refunded) == [order.refunded])
        #expect(order.pending.isEmpty && order.refunds.allSatisfy { $0.pending.isEmpty })
        #expect(try await toldOfRefunds(id).count == order.refunds.count { $0.outcome == nil })
        return order
    }
}

/// Short open durations, so that breakers close right after an outage.
private let quick = Dictionary(
    uniqueKeysWithValues: ["PAYMENT", "INVENTORY", "COUPON", "NOTIFICATION"].flatMap {
        [("\($0)_BREAKER_OPEN", "10ms"), ("\($0)_BREAKER_LONGEST_OPEN", "10ms")]
    })

@Suite("Refunding an order", .timeLimit(.minutes(10)))
struct RefundOrderTests {
    @Test("without amount and items the whole rest is refunded, once a key")
    func whole() async throws {
        try await withStack { stack in
            let placed: OrderDocument = try await stack.place(request()).decode()
            let part = try await stack.refund(
                placed.id, OrderRefundRequest(amount: 30, reason: "late"), key: "r1")
            #expect(part.status == 201 && part.header("Location") == "/orders/\(placed.id)")
            let rest = try await stack.refund(placed.id, OrderRefundRequest(reason: "broken"), key: "r2")
            let refunded: OrderDocument = try rest.decode()
            #expect(rest.status == 201 && refunded.refunded == 200 && refunded.status == .confirmed)
            #expect(
                refunded.refunds.map(\.amount) == [30, 170]
                    && refunded.refunds.map(\.cause) == [.requested, .requested])

            let again = try await stack.refund(placed.id, OrderRefundRequest(reason: "broken"), key: "r2")
            #expect(again.status == 201 && again.header("Idempotent-Replayed") == "true")
            let other = try await stack.refund(placed.id, OrderRefundRequest(reason: "late"), key: "r2")
            #expect(other.status == 422 && other.problem?.code == "idempotency-key-reused")
            let more = try await stack.refund(placed.id, OrderRefundRequest(amount: 1, reason: "more"))
            #expect(more.status == 422 && more.problem?.code == "refund-exceeds-capture")
            #expect(try await stack.settled(placed.id).refunds.count == 2)
        }
    }

    @Test("returned goods refund what was paid for them: all parts together the total, to the cent")
    func goods() async throws {
        try await withStack { stack in
            let placed: OrderDocument = try await stack.place(
                request([("APPLE", 2), ("PEAR", 1)], coupon: "TENTH")
            ).decode()
            #expect(placed.total == 440)
            for (sku, quantity) in [("APPLE", 1), ("PEAR", 1), ("APPLE", 1)] {
                let items = [ItemQuantity(sku: sku, quantity: quantity)]
                let answer = try await stack.refund(
                    placed.id, OrderRefundRequest(items: items, reason: "not ripe"))
                #expect(answer.status == 201)
            }
            let order = try await stack.settled(placed.id)
            #expect(order.refunds.map(\.amount) == [98, 245, 97] && order.refunded == 440)
            for sku in ["APPLE", "PEAR"] {
                let stock: Stock = try await stack.inventory.get("/stock/\(sku)").decode()
                #expect((stock.onHand, stock.reserved, stock.committed) == (1000, 0, 0))
            }
            let once = OrderRefundRequest(items: [ItemQuantity(sku: "PEAR", quantity: 1)], reason: "again")
            let more = try await stack.refund(placed.id, once)
            #expect(more.status == 422 && more.problem?.errors?.map(\.pointer) == ["/items/0"])
        }
    }

    @Test("concurrent refunds never exceed the capture")
    func crowd() async throws {
        try await withStack { stack in
            let placed: OrderDocument = try await stack.place(request()).decode()
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await stack.refund(placed.id, OrderRefundRequest(amount: 60, reason: "r")).status
                    }
                }
                return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(answers == [201: 3, 422: 7])
            #expect(try await stack.settled(placed.id).refunded == 180)
        }
    }

    @Test("only operators refund, and only confirmed orders")
    func refused() async throws {
        try await withStack { stack in
            let placed: OrderDocument = try await stack.place(request()).decode()
            let whole = OrderRefundRequest(reason: "r")
            #expect(try await stack.refund(placed.id, whole, token: nil).status == 401)
            #expect(try await stack.refund(placed.id, whole, token: TestTokens.service).status == 401)
            #expect(try await stack.refund("ord_unknown", whole).status == 404)
            let declined = try #require(
                try await stack.place(request(token: "tok_declined")).problem?.orderId)
            #expect(try await stack.refund(declined, whole).status == 409)
            let keyless = try await stack.order.post(
                "/orders/\(placed.id)/refunds", whole, token: TestTokens.administrator)
            #expect(keyless.status == 400 && keyless.problem?.code == "idempotency-key-required")
            let wrong = try await stack.refund(
                placed.id, OrderRefundRequest(amount: 0, items: [], reason: ""))
            #expect(wrong.problem?.errors?.map(\.pointer) == ["/amount", "/items", "/reason"])
            #expect(try await stack.settled(placed.id).refunds.isEmpty)
        }
    }

    @Test("with payment or inventory out a refund is durable, lists what is pending, and is made later")
    func outage() async throws {
        let (payment, inventory) = (try FaultyProxy(), try FaultyProxy())
        defer { payment.stop(); inventory.stop() }
        let proxies = ["PAYMENT_URL": payment, "INVENTORY_URL": inventory]
        try await withStack(settings: quick, through: proxies) { stack in
            let placed: OrderDocument = try await stack.place(request()).decode()
            try await stack.drained()
            for proxy in [payment, inventory] { proxy.treat { _ in .refuse } }
            let items = [ItemQuantity(sku: "APPLE", quantity: 1)]
            let answer = try await stack.refund(
                placed.id, OrderRefundRequest(items: items, reason: "r"), key: "r1")
            let begun: OrderDocument = try answer.decode()
            #expect(answer.status == 202 && begun.refunded == 0 && begun.pending == ["inventory", "payment"])
            payment.treat { _ in .pass }
            let paid = try await stack.until(placed.id) { $0.pending == ["inventory"] }
            #expect(paid.refunded == 100)
            inventory.treat { _ in .pass }
            let settled = try await stack.settled(placed.id)
            #expect(settled.refunded == 100 && settled.pending.isEmpty)
            let stock: Stock = try await stack.inventory.get("/stock/APPLE").decode()
            #expect((stock.onHand, stock.reserved, stock.committed) == (999, 0, 1))
            #expect(
                try await stack.refund(placed.id, OrderRefundRequest(items: items, reason: "r"), key: "r1")
                    .status == 201)
        }
    }

    @Test("goods go back once the money has: if payment refuses to give it back, they stay the customer's")
    func moneyFirst() async throws {
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        try await withStack(settings: quick, through: ["PAYMENT_URL": proxy]) { stack in
            let placed: OrderDocument = try await stack.place(request()).decode()
            try await stack.drained()
            proxy.treat { _ in .refuse }
            let items = [ItemQuantity(sku: "APPLE", quantity: 1)]
            let begun = try await stack.refund(placed.id, OrderRefundRequest(items: items, reason: "r"))
            #expect(try begun.decode(OrderDocument.self).pending == ["inventory", "payment"])
            let captured: Page<Payment> = try await stack.payment.get("/payments?orderId=\(placed.id)")
                .decode()
            let whole = RefundRequest(amount: 200, reason: "past order")
            let id = try #require(captured.items.first?.id)
            #expect(try await stack.payment.post("/payments/\(id)/refunds", whole, key: "r1").status == 201)
            proxy.treat { _ in .pass }
            let order = try await stack.settled(placed.id)
            #expect(order.refunded == 200 && order.refunds.map(\.outcome).allSatisfy { $0 != nil })
            let stock: Stock = try await stack.inventory.get("/stock/APPLE").decode()
            #expect((stock.onHand, stock.reserved, stock.committed) == (998, 0, 2))
        }
    }

    private static let calls = [
        ("PAYMENT_URL", "/refunds "), ("INVENTORY_URL", "/returns "), ("NOTIFICATION_URL", "POST /events "),
    ]

    @Test("a step whose answer is lost, or that arrives twice, has one effect", arguments: calls)
    func oneEffect(dependency: String, call: String) async throws {
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        let seen = Watched(0)
        proxy.treat { request in
            guard request.contains(call) else { return .pass }
            seen.update { $0 += 1 }
            return seen.value <= 3 ? .loseAnswer : .askTwice
        }
        try await withStack(settings: quick, through: [dependency: proxy]) { stack in
            let placed: OrderDocument = try await stack.place(request()).decode()
            let items = [ItemQuantity(sku: "APPLE", quantity: 1)]
            let answer = try await stack.refund(placed.id, OrderRefundRequest(items: items, reason: "r"))
            #expect(answer.status == 201 || answer.status == 202)
            let order = try await stack.settled(placed.id)
            #expect(order.refunded == 100 && order.refunds.count == 1)
            let stock: Stock = try await stack.inventory.get("/stock/APPLE").decode()
            #expect((stock.onHand, stock.reserved, stock.committed) == (999, 0, 1))
        }
    }

    /// Refunds before the coupon's repair, where they were made, and how the repair ends.
    private static let before = [
        (amount: 200, atPayment: false, refunded: 200, outcome: "redeemed; nothing was left to refund"),
        (200, true, 200, "redeemed; nothing was left to refund"), (196, false, 200, "redeemed; 4 refunded"),
        (196, true, 200, "redeemed; 4 refunded"), (100, true, 110, "redeemed; 10 refunded"),
    ]

    @Test("the repair of a coupon refunds at most the rest", arguments: before)
    func coupon(amount: Int, atPayment: Bool, refunded: Int, outcome: String) async throws {
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        // Without `offline`, so that the whole discount is due later.
        let coupons =
            "code,amount_off,limit_per_customer,eligible_skus,valid_until,offline\nTENTH,10,1,APPLE,,false"
        try await withStack(settings: quick, through: ["COUPON_URL": proxy], coupons: coupons) { stack in
            proxy.treat { _ in .refuse }
            let placed: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
            try #require(placed.total == 200)
            if atPayment {
                let payments: Page<Payment> = try await stack.payment.get("/payments?orderId=\(placed.id)")
                    .decode()
                let id = try #require(payments.items.first?.id)
                let past = RefundRequest(amount: amount, reason: "past order")
                #expect(
                    try await stack.payment.post("/payments/\(id)/refunds", past, key: "r1").status == 201)
            } else {
                #expect(
                    try await stack.refund(placed.id, OrderRefundRequest(amount: amount, reason: "r")).status
                        == 201)
            }
            proxy.treat { _ in .pass }
            try await stack.drained()
            let order = try await stack.show(placed.id)
            #expect(order.degradations.map(\.outcome) == [outcome] && order.refunded == refunded)
        }
    }

    @Test("what a coupon is worth isn't given up for a refund that payment refuses later")
    func couponAfterRefused() async throws {
        let (coupon, payment) = (try FaultyProxy(), try FaultyProxy())
        defer {
            coupon.stop()
            payment.stop()
        }
        let coupons =
            "code,amount_off,limit_per_customer,eligible_skus,valid_until,offline\nTENTH,10,1,APPLE,,false"
        try await withStack(
            settings: quick, through: ["COUPON_URL": coupon, "PAYMENT_URL": payment], coupons: coupons
        ) { stack in
            coupon.treat { _ in .refuse }
            let placed: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
            payment.treat { _ in .refuse }
            #expect(try await stack.refund(placed.id, OrderRefundRequest(reason: "r")).status == 202)
            coupon.treat { _ in .pass }
            try await eventually {
                let timeline: Page<TimelineEntry> = try await stack.order.get(
                    "/orders/\(placed.id)/timeline"
                ).decode()
                let queue: QueueStatus = try await stack.order.get("/queue").decode()
                return queue.ready + queue.leased == 0
                    && timeline.items.contains { $0.detail.contains("to be refunded") }
            }
            let captured: Page<Payment> = try await stack.payment.get("/payments?orderId=\(placed.id)")
                .decode()
            let id = try #require(captured.items.first?.id)
            let past = RefundRequest(amount: 100, reason: "past order")
            #expect(try await stack.payment.post("/payments/\(id)/refunds", past, key: "r1").status == 201)
            payment.treat { _ in .pass }
            try await stack.drained()
            let order = try await stack.show(placed.id)
            #expect(order.refunded == 110)
            #expect(order.degradations.map(\.outcome) == ["redeemed; 10 refunded"])
        }
    }

    @Test("sold goods that can't be delivered are refunded and notified, and the rest is committed")
    func undeliverable() async throws {
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        let ahead = Watched(Duration.zero)
        try await withStack(
            settings: quick, through: ["INVENTORY_URL": proxy],
            inventoryWall: { Timestamp.now().advanced(by: ahead.value) }
        ) { stack in
            proxy.treat { $0.contains("/commit ") ? .refuse : .pass }
            let first: OrderDocument = try await stack.place(request([("RARE", 2), ("APPLE", 1)])).decode()
            ahead.update { $0 = .seconds(49 * 3600) }
            let second: OrderDocument = try await stack.place(request([("RARE", 3)])).decode()
            #expect(first.status == .confirmed && second.status == .confirmed)
            proxy.treat { _ in .pass }
            let order = try await stack.settled(first.id)
            #expect(order.status == .confirmed && order.refunded == 2 * 999)
            #expect(
                order.refunds.map(\.cause) == [.outOfStock] && order.refunds.map(\.reason) == ["out of stock"]
            )
            #expect(order.refunds.map(\.items) == [[ItemQuantity(sku: "RARE", quantity: 2)]])
            #expect(try await stack.settled(second.id).refunds.isEmpty)
            for (sku, committed) in [("RARE", 3), ("APPLE", 1)] {
                let stock: Stock = try await stack.inventory.get("/stock/\(sku)").decode()
                #expect((stock.reserved, stock.committed) == (0, committed))
            }
        }
    }
}
