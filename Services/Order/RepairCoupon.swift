import Contracts
import GRDB
import Queue
import Resilience
import ServingPath
import Storage
import Transport

/// Makes a skipped coupon good once the coupon service is back: redeems it as of the order's time, and refunds what the
/// customer paid too much. Repeating it changes nothing: both steps carry the order's id.
struct RepairCoupon: Sendable {
    let store: Store
    let queue: DurableQueue
    let coupon: CouponNeighbour
    let payment: PaymentNeighbour
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) async -> Verdict {
        do {
            guard let order = try await store.read({ try OrderStore.order($0, id: message.key) }), order.owesCouponRepair,
                let code = order.request.couponCode
            else { return .done() }
            return try await repair(order, code: code)
        } catch let error as CallError {
            return Verdict(error)
        } catch {
            return .unavailable("\(error)")
        }
    }

    private func repair(_ order: Order, code: String) async throws -> Verdict {
        switch await coupon.redeem(order, code: code, for: .queue) {
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason):
            return .unavailable(reason.code)
        case .live(.voided):
            return done(order, "the redemption had been undone")
        case .live(.refused(let problem)):
            return done(order, "the coupon was refused: \(problem.reason ?? problem.code)", leavingTombstone: true)
        case .live(.redeemed(let discount)):
            let owed = min(discount - order.document.discount, (order.document.total ?? 0) - order.document.refunded)
            guard owed > 0, let paymentId = order.progress.paymentId else {
                return done(order, "redeemed; nothing was owed")
            }
            let refunded = try await payment.refund(
                paymentId: paymentId, amount: owed, reason: "coupon \(code)", key: "\(order.id):coupon",
                for: .queue)
            return done(order, "redeemed; \(owed) refunded", refunded: refunded.refunded, amount: owed)
        }
    }

    /// The repaired order, the customer's message and the end of this message are one transaction.
    /// - Parameter leavingTombstone: an earlier try may still be on its way, and must not use the coupon up for nothing.
    private func done(
        _ order: Order, _ outcome: String, refunded: Int? = nil, amount: Int = 0, leavingTombstone: Bool = false
    ) -> Verdict {
        .done { [queue, wall] database in
            var order = order
            order.repair("coupon", outcome, at: wall())
            if let refunded { order.document.refunded = refunded }
            try OrderStore.save(database, order, document: JSON.encode(order.document))
            if leavingTombstone { try queue.add(database, .releaseRedemption, order.id) }
            if amount > 0 {
                let telling = Conclusion.Assignment.telling
                try queue.add(database, telling(.notifyRefunded, order, amount, "coupon made good"), order.id)
            }
        }
    }
}
