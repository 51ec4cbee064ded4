import Contracts
import Mutants
import Queue
import ServingPath
import Transport

/// The two steps of a refund, taken by its request or by the outbox: payment gives the money back, inventory
/// takes the goods back. Repeating one changes nothing: its key is the refund's id.
struct SettleRefund: Sendable {
    let store: OrderStore
    let payment: PaymentClient
    let inventory: InventoryClient
    let wall: @Sendable () -> Timestamp

    /// What became of a step; its commit belongs in the transaction that removes its message.
    func pay(_ id: String, for caller: Caller) async throws -> DeliveryResult {
        guard let (order, refund) = try await store.refund(id), refund.pending.contains("payment"),
            let paymentId = order.progress.paymentId
        else { return .done() }
        let key = Mutant.isOn(.refundsWithAFreshKey) ? Identifier.make("key_", at: wall()) : id
        let request = RefundRequest(amount: refund.amount, reason: refund.reason)
        do throws(CallError) {
            let payment = try await payment.refund.call(
                PaymentClient.Refund(paymentId: paymentId, request: request, key: key), for: caller)
            return .done(commit: paid(id, refunded: payment.refunded))
        } catch {
            guard case .refused(let problem) = error, let left = problem.code == "voided" ? 0 : problem.left,
                left >= 0, !Mutant.isOn(.repeatsRefundsThatExceed)
            else { throw error }
            return .done(commit: exceeded(id, left: left))
        }
    }

    private func paid(_ id: String, refunded: Int) -> Commit {
        store.settling(id, awaiting: "payment", expediting: .refundCoupon) { [wall] order, refund in
            let now = wall()
            order.settle(id, by: "payment", at: now)
            order.document.refunded = max(order.document.refunded, refunded)
            if refund.cause == .coupon { order.couponRefunded(order.document.refunded, at: now) }
            let goods = refund.pending.contains("inventory") && refund.cause != .outOfStock
            return (goods ? [OutgoingMessage(.returnGoods, id)] : []) + [.telling(refund, of: order)]
        }
    }

    private func exceeded(_ id: String, left: Int) -> Commit {
        store.settling(id, awaiting: "payment", expediting: .refundCoupon) { [wall] order, refund in
            let now = wall()
            order.document.refunded = max(order.document.refunded, (order.document.total ?? 0) - left)
            order.shrink(id, to: left, at: now)
            guard refund.cause != .requested else { return [] }
            if left > 0 {
                if refund.cause == .coupon { order.progress.couponRefund = left }
                return [OutgoingMessage(.refundOrder, id)]
            }
            if refund.cause == .coupon { order.couponNotRefunded(at: now) }
            return []
        }
    }

    /// Where the order's commit was refused for want of these goods, what is left can be committed now. Other
    /// goods wait for the money: if payment refuses to give it back, they stay the customer's.
    func returnGoods(_ id: String, for caller: Caller) async throws -> DeliveryResult {
        guard let (order, refund) = try await store.refund(id), refund.pending.contains("inventory")
        else { return .done() }
        guard refund.cause == .outOfStock || !refund.pending.contains("payment")
        else { return .unavailable("the money goes back first") }
        let goods = ReturnRequest(id: id, items: refund.items)
        try await inventory.takeBack.call((order.id, goods), for: caller)
        let settling = store.settling(id, awaiting: "inventory", expediting: .commitReservation) {
            [wall] order, _ in
            order.settle(id, by: "inventory", at: wall())
            return []
        }
        return .done(commit: settling)
    }
}
