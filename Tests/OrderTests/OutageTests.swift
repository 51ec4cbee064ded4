import Contracts
import Foundation
import Resilience
import TestSupport
import Testing

@Suite("Outages", .timeLimit(.minutes(10)))
struct OutageTests {
    private static let behaviours: [(String, MisbehavingServer.Behaviour)] = [
        ("refuses connections", .refuse), ("hangs", .hang), ("answers no HTTP", .answer("garbage\r\n\r\n")),
        (
            "answers 200 with a body that isn't the contract's",
            .answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        ),
        ("answers 500", .answer("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")),
        (
            "closes half-way",
            .answerAndClose("HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"orderId\":")
        ),
    ]

    @Test(
        "whatever coupon does, the order is confirmed, names the skipped coupon and the repair",
        arguments: behaviours)
    func coupon(name: String, behaviour: MisbehavingServer.Behaviour) async throws {
        let broken = try MisbehavingServer(behaviour: behaviour)
        defer { broken.stop() }
        try await withStack(settings: ["COUPON_URL": broken.url, "COUPON_TIMEOUT": "200ms"]) { stack in
            let answer = try await stack.place(request(coupon: "TENTH"))
            let order: OrderDocument = try answer.decode()
            #expect(answer.status == 201)
            #expect((order.discount, order.total) == (0, 200))
            let degradation = try #require(order.degradations.first)
            #expect(degradation.dependency == "coupon" && degradation.effect == .couponSkipped)
            #expect(degradation.repair == .refundLater && !degradation.repaired)
            #expect(order.degradations.count == 1)
        }
    }

    @Test("without coupon the customer's choice decides: an order without it, or none and the key free")
    func couponChoices() async throws {
        let broken = try MisbehavingServer(behaviour: .refuse)
        defer { broken.stop() }
        try await withStack(settings: ["COUPON_URL": broken.url]) { stack in
            let without = try await stack.place(request(coupon: "TENTH", ifCouponUnavailable: .orderWithout))
            let order: OrderDocument = try without.decode()
            #expect(without.status == 201 && order.degradations.first?.repair == Degradation.Repair.none)

            let rejected = try await stack.place(
                request(coupon: "TENTH", ifCouponUnavailable: .reject), key: "key-1")
            #expect(rejected.status == 503 && rejected.problem?.code == "coupon-unavailable")
            #expect(rejected.header("Retry-After") != nil)
            let again = try await stack.place(request(), key: "key-1")
            #expect(again.status == 201 && again.header("Idempotent-Replayed") == nil)
        }
    }

    @Test("a coupon whose repair was refused isn't used up by a late attempt")
    func lateRedemption() async throws {
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        let settings = ["COUPON_BREAKER_OPEN": "10ms", "COUPON_BREAKER_LONGEST_OPEN": "10ms"]
        try await withStack(settings: settings, through: ["COUPON_URL": proxy]) { stack in
            let first: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
            proxy.treat { _ in .refuse }
            let second: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
            proxy.treat { _ in .pass }
            try await stack.drained()
            #expect(
                try await stack.show(second.id).degradations.map(\.outcome) == [
                    "the coupon was refused: used up"
                ])

            // The only use is free again when the second order's first attempt arrives late.
            #expect(
                try await stack.coupon.post("/redemptions/\(first.id)/release", [String: String]()).status
                    == 200)
            let late = RedemptionRequest(
                orderId: second.id, customerId: "H1", code: "TENTH", at: second.createdAt,
                items: [PricedItem(sku: "APPLE", quantity: 2, unitPrice: 100)])
            let answer = try await stack.coupon.post("/redemptions", late)
            #expect(answer.status == 409 && answer.problem?.code == "voided")
        }
    }

    @Test("without notification the order is confirmed as usual", arguments: behaviours)
    func notification(name: String, behaviour: MisbehavingServer.Behaviour) async throws {
        let broken = try MisbehavingServer(behaviour: behaviour)
        defer { broken.stop() }
        try await withStack(settings: ["NOTIFICATION_URL": broken.url, "NOTIFICATION_QUEUE_TIMEOUT": "200ms"])
        { stack in
            let answer = try await stack.place(request())
            #expect(answer.status == 201)
            let status: QueueStatus = try await stack.order.get("/queue").decode()
            #expect(status.byKind["order-confirmed"] != nil)
            #expect(status.dead == 0)
        }
    }

    @Test(
        "whatever payment does, the order is accepted with its stock reserved, and not confirmed unpaid",
        arguments: behaviours)
    func payment(name: String, behaviour: MisbehavingServer.Behaviour) async throws {
        let broken = try MisbehavingServer(behaviour: behaviour)
        defer { broken.stop() }
        try await withStack(
            settings: [
                "PAYMENT_URL": broken.url, "PAYMENT_TIMEOUT": "200ms", "PAYMENT_QUEUE_TIMEOUT": "200ms",
            ]
        ) { stack in
            let answer = try await stack.place(request(), key: "key-1")
            let order: OrderDocument = try answer.decode()
            #expect(answer.status == 202)
            #expect(order.status == .accepted && order.pending == ["payment"] && order.total == 200)
            #expect(order.degradations.map(\.effect) == [.paymentQueued])
            let reservation: Reservation = try await stack.inventory.get("/reservations/\(order.id)").decode()
            #expect(reservation.status == .reserved)
            let replay = try await stack.place(request(), key: "key-1")
            #expect(replay.status == 202 && replay.header("Idempotent-Replayed") == "true")
        }
    }

    @Test("without inventory nothing is promised: 503, nothing charged, the key free")
    func inventory() async throws {
        let broken = try MisbehavingServer(behaviour: .refuse)
        defer { broken.stop() }
        try await withStack(settings: ["INVENTORY_URL": broken.url, "CATALOGUE_TIMEOUT": "0s"]) { stack in
            for _ in 0..<2 {
                let answer = try await stack.place(request(), key: "key-1")
                #expect(answer.status == 503 && answer.problem?.code == "price-unavailable")
                #expect(answer.header("Retry-After") != nil && answer.header("Idempotent-Replayed") == nil)
            }
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.isEmpty)
        }
    }

    @Test("after a late answer of a capture the order is accepted, then confirmed and charged once")
    func slowPayment() async throws {
        try await withStack(settings: ["PAYMENT_TIMEOUT": "100ms"]) { stack in
            let answer = try await stack.place(request(token: "tok_slow"))
            let order: OrderDocument = try answer.decode()
            #expect(answer.status == 202)
            let finished = try await stack.until(order.id) { $0.status != .accepted }
            #expect(finished.status == .confirmed && finished.pending.isEmpty)
            #expect(finished.degradations.allSatisfy { $0.repaired })
            try await stack.drained()
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.map(\.amount) == [200])
            let told: Page<StoredNotification> = try await stack.notification.get(
                "/notifications?orderId=\(order.id)"
            ).decode()
            #expect(Set(told.items.map(\.kind)) == [.orderAccepted, .orderConfirmed])
        }
    }

    @Test(
        "an accepted order whose reservation expired is reserved again, or undone if sold out",
        arguments: [(isSold: false, isCharged: false), (true, false), (false, true), (true, true)])
    func lapsed(isSold: Bool, isCharged: Bool) async throws {
        let (payment, inventory) = (try FaultyProxy(), try FaultyProxy())
        defer {
            payment.stop()
            inventory.stop()
        }
        let clock = Locked(Timestamp.now())
        try await withStack(
            through: ["PAYMENT_URL": payment, "INVENTORY_URL": inventory],
            inventoryWall: { clock.withLock { $0 } }
        ) { stack in
            payment.treat { _ in isCharged ? .loseAnswer : .refuse }
            let order: OrderDocument = try await stack.place(request([("RARE", 3)])).decode()
            #expect(order.status == .accepted && order.pending == ["payment"])
            inventory.treat { _ in .refuse }
            // The order's next attempt has begun, so the previous one renews nothing any more.
            let asked = inventory.requests.count
            while inventory.requests.count == asked { await Task.yield() }
            clock.withLock { $0 = $0.advanced(by: .seconds(49 * 3600)) }
            if isSold {
                let other = ReservationRequest(
                    orderId: "other", items: [ItemQuantity(sku: "RARE", quantity: 3)])
                #expect(try await stack.inventory.post("/reservations", other).status == 201)
            }
            payment.treat { _ in .pass }
            inventory.treat { _ in .pass }
            let ended = try await stack.until(order.id) { $0.status.isTerminal }
            #expect(ended.status == (isSold ? .cancelled : .confirmed))
            try await stack.drained()
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.map { $0.amount - $0.refunded }.reduce(0, +) == (isSold ? 0 : 2997))
            let stock: Stock = try await stack.inventory.get("/stock/RARE").decode()
            #expect((stock.reserved, stock.committed) == (isSold ? 3 : 0, isSold ? 0 : 3))
        }
    }

    @Test("with an expired deadline nothing is begun and the key stays free")
    func deadline() async throws {
        try await withStack { stack in
            let answer = try await stack.order.send(
                "POST", "/orders", body: Array(JSON.encode(request())),
                headers: [(name: "Idempotency-Key", value: "key-1"), (name: "csp-deadline-ms", value: "0")])
            #expect(answer.status == 503 && answer.problem?.code == "deadline-exceeded")
            #expect(try await stack.place(request(), key: "key-1").status == 201)
        }
    }
}
