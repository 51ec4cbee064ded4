import Contracts
import GRDB
import Queue
import Storage

/// Begins the refund of what a coupon that was redeemed late is worth more than was given for it, as far as anything is left to
/// refund. Its id follows from the order's, so that it is begun once.
struct RefundCoupon: Sendable {
    let queue: DurableQueue
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) -> Verdict {
        .done { try begin($0, "\(message.key):coupon", of: message.key) }
    }

    private func begin(_ database: Database, _ id: String, of orderId: String) throws {
        guard try OrderStore.refund(database, id: id) == nil, var order = try OrderStore.order(database, id: orderId),
            order.owesCouponRepair, let owed = order.progress.couponRefund
        else { return }
        let now = wall()
        // A reason has as many characters as a code may have.
        let reason = String("coupon \(order.request.couponCode ?? "")".unicodeScalars.prefix(255))
        let refund = order.refund(id: id, .coupon, amount: owed, items: [], reason: reason, at: now)
        guard refund.amount > 0 else {
            order.couponNotRefunded(at: now)
            return try OrderStore.save(database, order, document: JSON.encode(order.document))
        }
        order.progress.couponRefund = refund.amount
        try OrderStore.begin(database, queue, refund, of: order, at: now)
    }
}
