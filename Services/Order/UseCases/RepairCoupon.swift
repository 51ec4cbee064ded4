import Contracts
import Queue

/// Makes a skipped or estimated coupon good once the coupon service is back: redeems it as of the order's
/// time. What the customer paid too much is left to ``RefundCoupon``. Repeating it changes nothing: a
/// redemption carries the order's id.
struct RepairCoupon: Sendable {
    let store: OrderStore
    let claim: ClaimCoupon

    func callAsFunction(_ message: Message) async -> DeliveryResult {
        do {
            guard let order = try await store.order(message.key), order.owesCouponRepair,
                order.progress.couponDecision != .redeemed, let code = order.request.couponCode
            else { return .done() }
            // What is written and the end of this message are one transaction.
            switch try await claim.repair(order, code: code) {
            case .repaired(let commit), .usedUp(let commit), .waiting(let commit):
                return .done(commit: commit)
            case .unavailable(let reason): return DeliveryResult(reason)
            }
        } catch {
            return .unavailable("\(error)")
        }
    }
}
