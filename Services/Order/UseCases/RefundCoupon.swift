import Contracts
import Mutants
import Queue

/// Begins the refund of what a late coupon is worth more than was given for it. Its id follows from the
/// order's, so that it is begun once.
struct RefundCoupon: Sendable {
    let store: OrderStore
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) -> DeliveryResult {
        let now = wall()
        let id = "\(message.key):coupon"
        return .done(
            commit: store.beginningRefund(id, of: message.key, at: now) { order in
                guard order.owesCouponRepair, let owed = order.progress.couponRefund else { return nil }
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
