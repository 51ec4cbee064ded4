import Contracts
import Queue

/// Makes a skipped or estimated coupon good once coupon is back, as of the order's time. What the customer
/// paid too much is left to ``RefundCoupon``.
struct RepairCoupon: Sendable {
    let store: OrderStore
    let claim: ClaimCoupon

    func callAsFunction(_ message: Message) async throws -> DeliveryResult {
        guard let order = try await store.order(message.key), order.owesCouponRepair,
            order.progress.couponDecision != .redeemed, let coupon = order.coupon
        else { return .done() }
        // What is written and the end of this message are one transaction.
        switch try await claim.repair(order, coupon) {
        case .settled(let commit), .usedUp(let commit): return .done(commit: commit)
        case .unavailable(let reason): return DeliveryResult(reason)
        }
    }
}
