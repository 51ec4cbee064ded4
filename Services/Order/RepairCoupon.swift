import Contracts
import GRDB
import Queue
import ServingPath
import Storage

/// Makes a skipped or estimated coupon good once the coupon service is back: redeems it as of the order's time. What the
/// customer paid too much is left to ``RefundCoupon``. Repeating it changes nothing: a redemption carries the order's id.
struct RepairCoupon: Sendable {
    let store: Store
    let queue: DurableQueue
    let coupon: CouponNeighbour
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) async -> Verdict {
        do {
            guard let order = try await store.read({ try OrderStore.order($0, id: message.key) }), order.owesCouponRepair,
                let code = order.request.couponCode
            else { return .done() }
            return await repair(order, code: code)
        } catch {
            return .unavailable("\(error)")
        }
    }

    private func repair(_ order: Order, code: String) async -> Verdict {
        switch await coupon.redeem(order, code: code, for: .queue) {
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason):
            return Verdict(reason)
        case .live(.voided):
            return done(order.id) { $0.notRedeemedLate("the redemption had been undone", at: $1) }
        case .live(.refused(let problem)):
            // An earlier try may still be on its way, and must not use the coupon up for nothing.
            return done(order.id, also: .releaseRedemption) {
                $0.notRedeemedLate("the coupon was refused: \(problem.reason ?? problem.code)", at: $1)
            }
        case .live(.redeemed(let discount)):
            return done(order.id) { $0.redeemedLate(discount: discount, at: $1) }
        }
    }

    /// The repaired order, what is left to do for it and the end of this message are one transaction.
    private func done(
        _ id: String, also errand: Errand? = nil, _ change: @escaping @Sendable (inout Order, Timestamp) -> Void
    ) -> Verdict {
        .done { [queue, wall] database in
            guard var order = try OrderStore.order(database, id: id) else { return }
            change(&order, wall())
            try OrderStore.save(database, order, document: JSON.encode(order.document))
            if let errand { try queue.add(database, errand, id) }
            if order.owesCouponRepair { try queue.add(database, .refundCoupon, id) }
        }
    }
}
