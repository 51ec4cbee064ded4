import Contracts
import Foundation
import ServingPath
import TestSupport
import Testing

@testable import OrderService

@Suite("While the breaker of notification is open", .timeLimit(.minutes(10)))
struct NotificationQueuedTests {
    private func force(_ stack: Stack, _ control: String) async throws {
        let body = Array(#"{"control":"\#(control)"}"#.utf8)
        let answer = try await stack.order.send(
            "PATCH", "/csp/dependencies/notification", body: body, token: TestTokens.administrator)
        #expect(answer.status == 200)
    }

    @Test("an order lists its waiting message, and later its delivery")
    func confirmed() async throws {
        try await withStack { stack in
            let before: OrderDocument = try await stack.place(request()).decode()
            #expect(before.degradations.isEmpty)
            try await force(stack, "forced-open")
            let order: OrderDocument = try await stack.place(request()).decode()
            #expect(order.status == .confirmed)
            let degradation = try #require(order.degradations.first)
            #expect(degradation.dependency == "notification" && degradation.effect == .notificationQueued)
            #expect(degradation.source == .queue && degradation.reason == "circuit-open")
            #expect(
                degradation.repair == .finishLater && !degradation.repaired && order.degradations.count == 1)
            try await force(stack, "automatic")
            try await stack.drained()
            #expect(try await stack.show(order.id).degradations.map(\.outcome) == ["delivered"])
            #expect(try await stack.show(before.id).degradations.isEmpty)
        }
    }

    @Test("for a confirmed order the message of its acceptance doesn't count")
    func latest() throws {
        let now = Timestamp(milliseconds: 0)
        var order = Order(id: "ord_1", request: request(), at: now)
        try order.accept(pending: .payment(.timeout), at: now)
        #expect(!order.owes(.orderAccepted))
        order.tellLater()
        #expect(order.owes(.orderAccepted) && !order.owes(.orderConfirmed))
        try order.confirm(at: now)
        #expect(order.owes(.orderConfirmed) && !order.owes(.orderAccepted))
    }

    @Test("an accepted order is notified once, and again when it ends")
    func accepted() async throws {
        let payment = try FaultyProxy()
        defer { payment.stop() }
        let numbers = ["PAYMENT_BREAKER_OPEN": "10ms", "PAYMENT_BREAKER_LONGEST_OPEN": "10ms"]
        try await withStack(settings: numbers, through: ["PAYMENT_URL": payment]) { stack in
            try await force(stack, "forced-open")
            payment.treat { _ in .refuse }
            let order: OrderDocument = try await stack.place(request()).decode()
            #expect(
                order.status == .accepted
                    && order.degradations.map(\.effect) == [.paymentQueued, .notificationQueued])
            payment.treat { _ in .pass }
            let confirmed = try await stack.until(order.id) { $0.status == .confirmed }
            #expect(confirmed.degradations.map(\.repaired) == [true, false])
            try await force(stack, "automatic")
            try await stack.drained()
            let told: Page<StoredNotification> = try await stack.notification.get(
                "/notifications?orderId=\(order.id)"
            ).decode()
            #expect(Set(told.items.map(\.kind)) == [.orderAccepted, .orderConfirmed])
            #expect(try await stack.show(order.id).degradations.map(\.repaired) == [true, true])
        }
    }
}
