import Contracts
import Foundation
import TestSupport
import Testing

/// A call whose answer is lost, or that comes twice, has one effect.
@Suite("One effect", .timeLimit(.minutes(10)))
struct OneEffectTests {
    private static let calls = [
        ("PAYMENT_URL", "POST /payments "), ("INVENTORY_URL", "POST /reservations "),
        ("COUPON_URL", "POST /redemptions "),
        ("INVENTORY_URL", "/commit "), ("NOTIFICATION_URL", "POST /events "),
    ]

    @Test("a call whose answer is lost is repeated, and has one effect", arguments: calls)
    func lost(dependency: String, call: String) async throws {
        try await drive(dependency) { request, count in
            request.contains(call) && count <= 3 ? .loseAnswer : .pass
        }
    }

    @Test("a call that arrives twice has one effect", arguments: calls)
    func twice(dependency: String, call: String) async throws {
        try await drive(dependency) { request, _ in request.contains(call) ? .askTwice : .pass }
    }

    @Test(
        "a declined order whose undoings lose their answers, or arrive twice, is undone once",
        arguments: [
            FaultyProxy.Treatment.loseAnswer, .askTwice,
        ])
    func undone(treatment: FaultyProxy.Treatment) async throws {
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        let lost = Watched(0)
        proxy.treat { request in
            guard request.contains("/release ") else { return .pass }
            lost.update { $0 += 1 }
            return lost.value <= 2 || treatment == .askTwice ? treatment : .pass
        }
        try await withStack(through: ["INVENTORY_URL": proxy]) { stack in
            #expect(try await stack.place(request([("RARE", 2)], token: "tok_declined")).status == 402)
            try await stack.drained()
            let stock: Stock = try await stack.inventory.get("/stock/RARE").decode()
            #expect((stock.onHand, stock.reserved, stock.committed) == (3, 0, 0))
        }
    }

    /// Places an order through a proxy in front of one dependency, drains, and checks every effect.
    private func drive(
        _ dependency: String,
        _ treat: @escaping @Sendable (_ request: String, _ count: Int) -> FaultyProxy.Treatment
    ) async throws {
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        let seen = Watched(0)
        proxy.treat { request in
            if request.hasPrefix("POST") { seen.update { $0 += 1 } }
            return treat(request, seen.value)
        }
        let numbers = ["PAYMENT", "INVENTORY", "COUPON", "NOTIFICATION"].flatMap {
            [("\($0)_BREAKER_OPEN", "10ms"), ("\($0)_BREAKER_LONGEST_OPEN", "10ms")]
        }
        try await withStack(settings: Dictionary(uniqueKeysWithValues: numbers), through: [dependency: proxy])
        { stack in
            let answer = try await stack.place(request(coupon: "TENTH"))
            #expect(answer.status == 201 || answer.status == 202)
            let placed: OrderDocument = try answer.decode()
            let order = try await stack.until(placed.id) { $0.status.isTerminal }
            try await stack.drained()
            let ended = try await stack.show(order.id)
            #expect(ended.status == .confirmed && ended.total == placed.total)
            #expect(ended.degradations.allSatisfy { $0.repair == .none || $0.repaired })

            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(
                payments.items.map(\.amount) == [ended.total]
                    && payments.items.map(\.refunded) == [ended.refunded])
            // The coupon was honoured once, as a discount or as a refund.
            #expect((ended.total ?? 0) - ended.refunded == 190)
            let stock: Stock = try await stack.inventory.get("/stock/APPLE").decode()
            #expect((stock.onHand, stock.reserved, stock.committed) == (998, 0, 2))
            let redemptions: Page<Redemption> = try await stack.coupon.get("/redemptions").decode()
            #expect(redemptions.items.map(\.status) == [.active])
            let told: Page<StoredNotification> = try await stack.notification.get("/notifications").decode()
            #expect(told.items.filter { $0.kind == .orderConfirmed }.count == 1)
            #expect(told.items.filter { $0.kind == .orderRefunded }.count == (ended.refunded > 0 ? 1 : 0))
        }
    }
}
