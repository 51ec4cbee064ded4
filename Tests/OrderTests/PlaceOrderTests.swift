import Contracts
import Foundation
import TestSupport
import Testing

@Suite("Placing an order", .timeLimit(.minutes(10)))
struct PlaceOrderTests {
    @Test("a healthy purchase is confirmed, paid once, committed and announced")
    func confirmed() async throws {
        try await withStack { stack in
            let answer = try await stack.place(request([("APPLE", 2), ("PEAR", 1), ("APPLE", 1)]))
            let order: OrderDocument = try answer.decode()
            #expect(answer.status == 201)
            #expect(answer.header("Location") == "/orders/\(order.id)")
            #expect(answer.header("Idempotent-Replayed") == nil)
            #expect(order.status == .confirmed)
            #expect(order.items.map(\.quantity) == [3, 1])
            #expect(order.items.map(\.unitPrice) == [100, 250])
            #expect(order.items.map(\.name) == ["Apple", "Pear"])
            #expect((order.subtotal, order.discount, order.total, order.refunded) == (550, 0, 550, 0))
            #expect(order.pending.isEmpty && order.degradations.isEmpty)

            try await stack.drained()
            let payments: Page<Payment> = try await stack.payment.get("/payments?orderId=\(order.id)")
                .decode()
            #expect(payments.items.map(\.amount) == [550])
            let reservation: Reservation = try await stack.inventory.get("/reservations/\(order.id)").decode()
            #expect(reservation.status == .committed)
            let told: Page<StoredNotification> = try await stack.notification.get(
                "/notifications?orderId=\(order.id)"
            ).decode()
            #expect(told.items.map(\.kind) == [.orderConfirmed])
            let timeline: Page<TimelineEntry> = try await stack.order.get("/orders/\(order.id)/timeline")
                .decode()
            #expect(timeline.items.map(\.step) == ["place", "reserve", "charge", "confirm"])
        }
    }

    @Test("a coupon's discount is taken off, and recorded as one redemption")
    func coupon() async throws {
        try await withStack { stack in
            let order: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
            #expect((order.subtotal, order.discount, order.total) == (200, 10, 190))
            let redemptions: Page<Redemption> = try await stack.coupon.get("/redemptions?orderId=\(order.id)")
                .decode()
            #expect(redemptions.items.map(\.discount) == [10])
            try await stack.drained()
            let payments: Page<Payment> = try await stack.payment.get("/payments?orderId=\(order.id)")
                .decode()
            #expect(payments.items.map(\.amount) == [190])
        }
    }

    @Test("a total of 0 needs no payment")
    func nothingToPay() async throws {
        try await withStack { stack in
            let free = try await stack.place(request([("GIFT", 1)], token: "tok_declined"))
            #expect(free.status == 201)
            let discounted = try await stack.place(
                request([("APPLE", 1)], coupon: "ALL", token: "tok_declined"))
            #expect(discounted.status == 201)
            try await stack.drained()
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.isEmpty)
        }
    }

    @Test("each business refusal has its code, names its order, and undoes all effects")
    func refusals() async throws {
        try await withStack { stack in
            #expect(try await stack.place(request([("RARE", 2)])).status == 201)
            let cases: [(OrderRequest, Int, String)] = [
                (request([("RARE", 5)]), 409, "out-of-stock"),
                (request([("NOTHING", 1)]), 422, "unknown-sku"),
                (request(coupon: "UNKNOWN"), 422, "coupon-refused"),
                (request([("PEAR", 1)], coupon: "TENTH"), 422, "coupon-refused"),
                (request([("PEAR", 1)], token: "tok_declined"), 402, "payment-declined"),
                (request([("PEAR", 1)], token: "tok_insufficient_funds"), 402, "payment-declined"),
                (request([("PEAR", 3)], maxTotal: 700), 409, "total-exceeded"),
            ]
            for (request, status, code) in cases {
                let answer = try await stack.place(request)
                let problem = try #require(answer.problem, "\(code): \(answer.text)")
                #expect(answer.status == status && problem.code == code)
                let order = try await stack.show(try #require(problem.orderId))
                #expect(order.status == .rejected)
            }
            let rare = try await stack.place(request([("RARE", 5)])).problem
            #expect(rare?.skus == [ShortSKU(sku: "RARE", requested: 5, available: 1)])
            try await stack.drained()
            let pear: Stock = try await stack.inventory.get("/stock/PEAR").decode()
            #expect(pear.reserved == 0 && pear.committed == 0)
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.count == 1)
        }
    }

    @Test("a declined order with a coupon leaves the coupon unused")
    func declinedWithCoupon() async throws {
        try await withStack { stack in
            let declined = try await stack.place(request(coupon: "TENTH", token: "tok_declined"))
            #expect(declined.status == 402)
            try await stack.drained()
            let again = try await stack.place(request(coupon: "TENTH"))
            let order: OrderDocument = try again.decode()
            #expect(order.discount == 10)
            let used = try await stack.place(request(coupon: "TENTH")).problem
            #expect(used?.code == "coupon-refused")
        }
    }
}
