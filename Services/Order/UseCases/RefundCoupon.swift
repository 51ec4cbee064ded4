import Contracts
import Mutants
import Queue

/// Begins the refund of what a late coupon is worth more than was given for it. Its id follows from the
/// order's, so that it is begun once.
struct RefundCoupon: Sendable {
    let store: OrderStore
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) async throws -> DeliveryResult {
        let now = wall()
        let id = "\(message.key):coupon"
        guard let order = try await store.order(message.key), let owed = order.progress.couponRefund
        else { return .done() }
        guard !order.waitsForRefunds(toRefund: owed) else { return .unavailable("a refund comes first") }
        return .done(
            commit: store.beginningRefund(id, of: message.key, at: now) { order in
                guard order.owesCouponRepair else { return nil }
                guard !order.waitsForRefunds(toRefund: owed) else { throw OrderChanged() }
                // A reason has as many characters as a code may have.
                let reason = String(
                    "coupon \(order.request.couponCode ?? "")".unicodeScalars.prefix(
                        Mutant.isOn(.sendsReasonsOfAnyLength) ? .max : 255))
                let refund = order.refund(id: id, .coupon, amount: owed, items: [], reason: reason, at: now)
                guard refund.amount > 0 else {
                    order.couponNotRefunded(at: now)
                    return nil
                }
                order.progress.couponRefund = refund.amount
                return refund
            })
    }
}
