import Contracts
import GRDB
import Queue
import ServingPath
import Storage
import Transport

/// The two steps of a refund, taken by the request that asks for it or by the queue: payment gives the money back, inventory
/// takes the goods back. Repeating one changes nothing: its key is the refund's id.
struct SettleRefund: Sendable {
    let store: Store
    let queue: DurableQueue
    let payment: PaymentNeighbour
    let inventory: InventoryNeighbour
    let wall: @Sendable () -> Timestamp

    /// What became of a step; its commit belongs in the transaction that removes its message.
    func pay(_ id: String, for caller: Caller) async -> Verdict {
        do {
            guard let (order, refund) = try await store.read({ try OrderStore.refund($0, id: id) }),
                refund.pending.contains("payment"), let paymentId = order.progress.paymentId
            else { return .done() }
            let payment = try await payment.refund(
                paymentId: paymentId, amount: refund.amount, reason: refund.reason, key: id, for: caller)
            return paid(id, refunded: payment.refunded)
        } catch let error as CallError {
            guard case .refused(let problem) = error, let left = problem.code == "voided" ? 0 : problem.left, left >= 0 else {
                return Verdict(error)
            }
            return exceeded(id, left: left)
        } catch {
            return .unavailable("\(error)")
        }
    }

    private func paid(_ id: String, refunded: Int) -> Verdict {
        done(id, awaiting: "payment") { [queue] database, order, refund, now in
            order.settle(id, by: "payment", at: now)
            order.document.refunded = max(order.document.refunded, refunded)
            if refund.cause == .coupon { order.couponRefunded(order.document.refunded, at: now) }
            if refund.pending.contains("inventory"), refund.cause != .outOfStock { try queue.add(database, .returnGoods, id) }
            try queue.tell(database, refund, of: order)
        }
    }

    private func exceeded(_ id: String, left: Int) -> Verdict {
        done(id, awaiting: "payment") { [queue] database, order, refund, now in
            order.document.refunded = max(order.document.refunded, (order.document.total ?? 0) - left)
            order.shrink(id, to: left, at: now)
            guard refund.cause != .requested else { return }
            if left > 0 {
                if refund.cause == .coupon { order.progress.couponRefund = left }
                try queue.add(database, .refundOrder, id)
            } else if refund.cause == .coupon {
                order.couponNotRefunded(at: now)
            }
        }
    }

    func returnGoods(_ id: String, for caller: Caller) async -> Verdict {
        do {
            guard let (order, refund) = try await store.read({ try OrderStore.refund($0, id: id) }),
                refund.pending.contains("inventory")
            else { return .done() }
            try await inventory.takeBack(refund.items, orderId: order.id, return: id, for: caller)
            return done(id, awaiting: "inventory") { [queue] database, order, _, now in
                order.settle(id, by: "inventory", at: now)
                // Where its commit was refused for want of these goods, what is left can be committed now.
                try queue.hasten(database, .commitReservation, order.id)
            }
        } catch let error as CallError {
            return Verdict(error)
        } catch {
            return .unavailable("\(error)")
        }
    }

    /// The order with the step and the end of its message are one transaction; a step that was taken already changes nothing.
    private func done(
        _ id: String, awaiting dependency: String,
        _ change: @escaping @Sendable (Database, inout Order, OrderRefund, Timestamp) throws -> Void
    ) -> Verdict {
        .done { [wall] database in
            guard case (var order, let refund)? = try OrderStore.refund(database, id: id), refund.pending.contains(dependency)
            else {
                return
            }
            try change(database, &order, refund, wall())
            try OrderStore.save(database, order, document: JSON.encode(order.document))
        }
    }
}
