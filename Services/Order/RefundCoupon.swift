import Contracts
import GRDB
import Queue
import ServingPath
import Storage
import Transport

/// Refunds what a coupon that was redeemed late is worth more than was given for it, as far as anything is left to refund. Its
/// amount is written down before it is asked for, and its key follows from the order's id, so repeating it changes nothing.
struct RefundCoupon: Sendable {
    let store: Store
    let queue: DurableQueue
    let settle: SettleRefund
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) async -> Verdict {
        let id = "\(message.key):coupon"
        do {
            try await store.write("coupon refund") { try begin($0, id, of: message.key) }
        } catch {
            return .unavailable("\(error)")
        }
        return await settle.pay(id, for: .queue)
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
