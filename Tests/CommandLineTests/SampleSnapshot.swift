import Contracts

@testable import CommandLine

private let start = Timestamp(milliseconds: 0)

extension Snapshot {
    static var clean: Snapshot {
        var snapshot = Snapshot()
        var coupon = OrderDocument.sample("coupon", .confirmed, customer: "alice", total: 1000)
        coupon.refunded = 100
        coupon.couponCode = "SAVE"
        coupon.degradations = [
            Degradation(
                dependency: "coupon", effect: .couponSkipped, source: .none, reason: "circuit-open",
                repair: .refundLater,
                repaired: true)
        ]
        snapshot.orders = [
            coupon, .sample("plain", .confirmed, customer: "bob", total: 500),
            .sample("cancelled", .cancelled, customer: "bob", total: 300),
            .sample("rejected", .rejected, customer: "carol", total: nil),
        ]
        var paid = Payment.sample("coupon", amount: 1000, refunded: 100)
        paid.refunds = [Refund(id: "r1", amount: 100, reason: "coupon", at: start)]
        snapshot.payments = [
            paid, .sample("plain", amount: 500), .sample("cancelled", amount: 300, refunded: 300),
        ]
        snapshot.ledger = Ledger(
            accounts: [
                .init(account: "cash", currency: "USD", balance: 1400),
                .init(account: "sales", currency: "USD", balance: -1400),
            ], totals: ["USD": 0])
        snapshot.stock = [
            Stock(sku: "A", seeded: 10, onHand: 8, reserved: 0, committed: 2, available: 8),
            Stock(sku: "B", seeded: 5, onHand: 5, reserved: 0, committed: 0, available: 5),
        ]
        snapshot.reservations = [
            .sample("coupon", .committed), .sample("plain", .committed), .sample("cancelled", .released),
        ]
        snapshot.redemptions = [.sample("coupon", customer: "alice", .active)]
        snapshot.couponLimits = ["SAVE": 1]
        snapshot.notifications = [
            .sample("coupon", .orderConfirmed), .sample("coupon", .orderRefunded),
            .sample("plain", .orderConfirmed),
            .sample("cancelled", .orderCancelled),
        ]
        return snapshot
    }
}

extension OrderDocument {
    static func sample(_ id: String, _ status: OrderStatus, customer: String = "alice", total: Int? = 500)
        -> OrderDocument
    {
        OrderDocument(
            id: id, status: status, customerId: customer,
            items: [OrderLine(sku: "A", name: "Apple", quantity: 1, unitPrice: total)],
            currency: "USD", subtotal: total, discount: 0, total: total, refunded: 0, couponCode: nil,
            pending: [],
            degradations: [], createdAt: start, updatedAt: start)
    }
}

extension Payment {
    static func sample(_ orderId: String, amount: Int, refunded: Int = 0) -> Payment {
        Payment(
            id: "pay-\(orderId)", orderId: orderId, customerId: "alice",
            status: amount == refunded ? .voided : .captured,
            amount: amount, currency: "USD", refunded: refunded, refunds: [], createdAt: start)
    }
}

extension AuditedReservation {
    static func sample(_ orderId: String, _ status: ReservationStatus) -> AuditedReservation {
        AuditedReservation(orderId: orderId, status: status)
    }
}

extension Redemption {
    static func sample(_ orderId: String, customer: String, _ status: RedemptionStatus) -> Redemption {
        Redemption(
            orderId: orderId, customerId: customer, code: "SAVE", discount: 100, status: status, at: start)
    }
}

extension AuditedNotification {
    static func sample(_ orderId: String, _ kind: NotificationKind) -> AuditedNotification {
        AuditedNotification(orderId: orderId, kind: kind)
    }
}
