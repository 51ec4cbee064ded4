import Contracts
import GRDB
import Queue
import ServingPath
import Storage
import Transport

/// Refunds what a coupon that was redeemed late is worth more than was given for it. Repeating it changes nothing: the refund's
/// key is the order's id, and its amount was written down with the redemption.
struct RefundCoupon: Sendable {
    let store: Store
    let queue: DurableQueue
    let payment: PaymentNeighbour
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) async -> Verdict {
        do {
            guard let order = try await store.read({ try OrderStore.order($0, id: message.key) }), order.owesCouponRepair,
                let owed = order.progress.couponRefund, let paymentId = order.progress.paymentId
            else { return .done() }
            // A reason has as many characters as a code may have.
            let reason = String("coupon \(order.request.couponCode ?? "")".unicodeScalars.prefix(255))
            let payment = try await payment.refund(
                paymentId: paymentId, amount: owed, reason: reason,
                key: "\(order.id):coupon", for: .queue)
            return done(order.id, owed, refunded: payment.refunded)
        } catch let error as CallError {
            return Verdict(error)
        } catch {
            return .unavailable("\(error)")
        }
    }

    /// The repaired order, the customer's message and the end of this message are one transaction.
    private func done(_ id: String, _ owed: Int, refunded: Int) -> Verdict {
        .done { [queue, wall] database in
            guard var order = try OrderStore.order(database, id: id) else { return }
            order.couponRefunded(refunded, at: wall())
            try OrderStore.save(database, order, document: JSON.encode(order.document))
            let telling = Conclusion.Assignment.telling
            try queue.add(database, telling(.notifyRefunded, order, owed, "coupon made good"), id)
        }
    }
}
