import Contracts
import Foundation
import Resilience
import TestSupport
import Testing

/// Orders during an outage of inventory: priced from the cache, finished when it is back.
@Suite("Ordering without inventory", .timeLimit(.minutes(10)))
struct InventoryOutageTests {
    /// Runs `body` with inventory behind a proxy, and its catalogue known.
    private func withProxy(
        settings: [String: String] = [:], folder: TemporaryFolder? = nil,
        _ body: @Sendable (Stack, FaultyProxy) async throws -> Void
    ) async throws {
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        // Short open durations, so that breakers close right after the outage.
        let numbers = ["INVENTORY_BREAKER_OPEN": "10ms", "INVENTORY_BREAKER_LONGEST_OPEN": "10ms"]
        try await withStack(
            settings: numbers.merging(settings) { $1 }, through: ["INVENTORY_URL": proxy], folder: folder
        ) {
            try await body($0, proxy)
        }
    }

    @Test("the order is accepted at the cached price, uncharged, and finished when inventory is back")
    func accepted() async throws {
        try await withProxy { stack, proxy in
            proxy.treat { _ in .refuse }
            let answer = try await stack.place(request(coupon: "TENTH"), key: "key-1")
            let order: OrderDocument = try answer.decode()
            #expect(
                answer.status == 202 && order.status == .accepted
                    && order.pending == ["inventory", "payment"])
            #expect((order.subtotal, order.discount, order.total) == (200, 10, 190))
            #expect(order.items.map(\.name) == ["Apple"])
            #expect(order.degradations.map(\.effect) == [.priceCached, .stockUnverified])
            #expect(order.degradations.allSatisfy { $0.source == .cache && $0.ageSeconds != nil })
            #expect(order.degradations.map(\.repair) == [Degradation.Repair.none, .finishLater])
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.isEmpty)
            #expect(try await stack.place(request(coupon: "TENTH"), key: "key-1").status == 202)

            proxy.treat { _ in .pass }
            let finished = try await stack.until(order.id) { $0.status.isTerminal }
            #expect(finished.status == .confirmed && finished.total == 190 && finished.pending.isEmpty)
            #expect(finished.degradations.allSatisfy { $0.repair == .none || $0.repaired })
            try await stack.drained()
            let charged: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(charged.items.map(\.amount) == [190])
            let stock: Stock = try await stack.inventory.get("/stock/APPLE").decode()
            #expect((stock.reserved, stock.committed) == (0, 2))
            let told: Page<StoredNotification> = try await stack.notification.get(
                "/notifications?orderId=\(order.id)"
            ).decode()
            #expect(Set(told.items.map(\.kind)) == [.orderAccepted, .orderConfirmed])
        }
    }

    @Test("at most the last known stock is promised, less later promises and a margin")
    func promised() async throws {
        try await withProxy { stack, proxy in
            proxy.treat { _ in .refuse }
            // Three pieces are known, one of them is the margin.
            #expect(try await stack.place(request([("RARE", 2)])).status == 202)
            let refused = try await stack.place(request([("RARE", 1), ("APPLE", 1)]), key: "key-1")
            #expect(refused.status == 409 && refused.problem?.code == "out-of-stock")
            #expect(refused.problem?.skus == [ShortSKU(sku: "RARE", requested: 1, available: 0)])
            #expect(try await stack.place(request([("RARE", 1), ("APPLE", 1)]), key: "key-1").status == 409)

            proxy.treat { _ in .pass }
            try await stack.drained()
            let stock: Stock = try await stack.inventory.get("/stock/RARE").decode()
            #expect((stock.reserved, stock.committed) == (0, 2))
        }
    }

    @Test("stock that was reserved before the outage is not promised again")
    func reservedBefore() async throws {
        try await withProxy { (stack, proxy) async throws in
            #expect(try await stack.place(request([("RARE", 2)])).status == 201)
            proxy.treat { _ in .refuse }
            // One piece is left, the margin.
            #expect(try await stack.place(request([("RARE", 1)])).status == 409)
        }
    }

    @Test("an accepted order whose stock was sold meanwhile is cancelled, undone and notified")
    func soldOut() async throws {
        try await withProxy { stack, proxy in
            proxy.treat { _ in .refuse }
            let order: OrderDocument = try await stack.place(
                request([("RARE", 2), ("APPLE", 1)], coupon: "TENTH")
            ).decode()
            let other = ReservationRequest(orderId: "other", items: [ItemQuantity(sku: "RARE", quantity: 2)])
            #expect(try await stack.inventory.post("/reservations", other).status == 201)

            proxy.treat { _ in .pass }
            let ended = try await stack.until(order.id) { $0.status.isTerminal }
            #expect(ended.status == .cancelled && ended.total == order.total)
            #expect(ended.degradations.allSatisfy { $0.repair == .none || $0.repaired })
            try await stack.drained()
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.isEmpty)
            let redemptions: Page<Redemption> = try await stack.coupon.get("/redemptions?orderId=\(order.id)")
                .decode()
            #expect(redemptions.items.map(\.status) == [.released])
            let told: Page<StoredNotification> = try await stack.notification.get(
                "/notifications?orderId=\(order.id)"
            ).decode()
            #expect(Set(told.items.map(\.kind)) == [.orderAccepted, .orderCancelled])
        }
    }

    @Test("prices and stock survive a restart of order in the middle of the outage")
    func restarted() async throws {
        let folder = try TemporaryFolder()
        try await withProxy(folder: folder) { stack, _ in
            let quote = try await stack.order.post("/quotes", request())
            #expect(quote.status == 200)
        }
        try await withProxy(folder: folder) { stack, proxy in
            proxy.treat { _ in .refuse }
            let quote: QuoteDocument = try await stack.order.post("/quotes", request()).decode()
            #expect(quote.total == 200 && quote.degradations.map(\.effect) == [.priceCached])
            #expect(try await stack.place(request()).status == 202)
        }
    }

    @Test("a free order waits for inventory alone; a cached price above the limit is refused too")
    func totals() async throws {
        try await withProxy { stack, proxy in
            proxy.treat { _ in .refuse }
            let gift: OrderDocument = try await stack.place(request([("GIFT", 1)])).decode()
            #expect(gift.status == .accepted && gift.pending == ["inventory"])
            let dear = try await stack.place(request(maxTotal: 199))
            #expect(dear.status == 409 && dear.problem?.code == "total-exceeded")
            let unknown = try await stack.place(request([("NONE", 1)]), key: "key-1")
            #expect(unknown.status == 503 && unknown.problem?.code == "price-unavailable")
            proxy.treat { _ in .pass }
            #expect(try await stack.until(gift.id) { $0.status.isTerminal }.status == .confirmed)
            try await stack.drained()
        }
    }

    @Test("with inventory back and payment out the order is reserved, and waits for payment alone")
    func paymentToo() async throws {
        let payment = try FaultyProxy()
        defer { payment.stop() }
        let inventory = try FaultyProxy()
        defer { inventory.stop() }
        let numbers = ["INVENTORY", "PAYMENT"].flatMap {
            [("\($0)_BREAKER_OPEN", "10ms"), ("\($0)_BREAKER_LONGEST_OPEN", "10ms")]
        }
        try await withStack(
            settings: Dictionary(uniqueKeysWithValues: numbers),
            through: ["INVENTORY_URL": inventory, "PAYMENT_URL": payment]
        ) { stack in
            inventory.treat { _ in .refuse }
            payment.treat { _ in .refuse }
            let order: OrderDocument = try await stack.place(request()).decode()
            #expect(order.pending == ["inventory", "payment"])
            inventory.treat { _ in .pass }
            let reserved = try await stack.until(order.id) { $0.pending == ["payment"] }
            #expect(
                reserved.status == .accepted
                    && reserved.degradations.map(\.effect) == [
                        .priceCached, .stockUnverified, .paymentQueued,
                    ])
            #expect(reserved.degradations.map(\.repaired) == [false, true, false])
            payment.treat { _ in .pass }
            let finished = try await stack.until(order.id) { $0.status.isTerminal }
            #expect(finished.status == .confirmed)
            try await stack.drained()
        }
    }
}
