import Contracts
import Testing

@testable import OrderService

@Suite("The total of an order")
struct TotalTests {
    private func priced(coupon: String?) -> Order {
        let now = Timestamp(milliseconds: 0)
        var order = Order(id: "ord_1", request: request(coupon: coupon), at: now)
        order.price(
            Reservation(
                orderId: "ord_1",
                items: [ReservedItem(sku: "APPLE", name: "Apple", quantity: 2, unitPrice: 100)],
                status: .reserved, currency: "USD", expiresAt: now))
        return order
    }

    @Test("is known with the prices, if there is no coupon")
    func withoutCoupon() { #expect(priced(coupon: nil).document.total == 200) }

    @Test("isn't told before the coupon is decided, so that it never changes")
    func undecided() {
        let order = priced(coupon: "TENTH")
        #expect(order.document.subtotal == 200 && order.document.total == nil)
    }

    @Test("is known once the coupon is redeemed, or skipped")
    func decided() {
        var (redeemed, skipped) = (priced(coupon: "TENTH"), priced(coupon: "TENTH"))
        redeemed.redeemed(discount: 10)
        skipped.skipCoupon(reason: "timeout", repair: .refundLater)
        #expect((redeemed.document.total, skipped.document.total) == (190, 200))
    }
}
