import Contracts
import Foundation
import TestSupport
import Testing

@Suite("Cancelling", .timeLimit(.minutes(10)))
struct CancelOrderTests {
    @Test("an accepted order is cancelled at once, then undone everywhere, and notified once")
    func accepted() async throws {
        let broken = try MisbehavingServer(behaviour: .refuse)
        defer { broken.stop() }
        try await withStack(settings: ["PAYMENT_URL": broken.url]) { stack in
            let order: OrderDocument = try await stack.place(request(coupon: "TENTH"), key: "key-1").decode()
            #expect(order.status == .accepted)
            let answer = try await stack.order.post("/orders/\(order.id)/cancel")
            let cancelled: OrderDocument = try answer.decode()
            #expect(answer.status == 200 && cancelled.status == .cancelled)
            #expect(cancelled.pending.contains("payment"))
            #expect(cancelled.degradations.allSatisfy { $0.repaired })
            #expect(try await stack.order.post("/orders/\(order.id)/cancel").status == 200)
            // Payment is still unreachable, so its void stays pending while the other undoings end.
            let undone = try await stack.until(order.id) { $0.pending == ["payment"] }
            #expect(undone.status == .cancelled)
            let reservation: Reservation = try await stack.inventory.get("/reservations/\(order.id)").decode()
            #expect(reservation.status == .released)
            let replay = try await stack.place(request(coupon: "TENTH"), key: "key-1")
            #expect(replay.status == 200 && replay.header("Idempotent-Replayed") == "true")
        }
    }

    @Test("a decided order can't be cancelled, and an unknown order isn't found")
    func decided() async throws {
        try await withStack { stack in
            let order: OrderDocument = try await stack.place(request()).decode()
            #expect(try await stack.order.post("/orders/\(order.id)/cancel").status == 409)
            let rejected = try await stack.place(request(token: "tok_declined")).problem?.orderId
            #expect(try await stack.order.post("/orders/\(try #require(rejected))/cancel").status == 409)
            #expect(try await stack.order.post("/orders/ord_unknown/cancel").status == 404)
        }
    }

    @Test(
        "a cancellation while the order is being placed wins: 409 to the first request, nothing stays charged"
    )
    func whilePlacing() async throws {
        try await withStack { stack in
            async let placing = stack.place(request(token: "tok_slow"), key: "key-1")
            var id: String?
            while id == nil {
                let page: Page<OrderDocument> = try await stack.order.get("/orders").decode()
                id = page.items.first?.id
            }
            // Waits until the slow capture has taken effect.
            while try await stack.payment.get("/payments").decode(Page<Payment>.self).items.isEmpty {}
            let cancelled = try await stack.order.post("/orders/\(try #require(id))/cancel")
            #expect(cancelled.status == 200)
            let answer = try await placing
            #expect(answer.status == 409 && answer.problem?.code == "order-cancelled")
            try await stack.drained()
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.map { $0.amount - $0.refunded } == [0])
            let order = try await stack.show(try #require(id))
            #expect(order.refunded == 200 && order.pending.isEmpty)
            let told: Page<StoredNotification> = try await stack.notification.get("/notifications").decode()
            #expect(told.items.map(\.kind) == [.orderCancelled])
        }
    }
}
