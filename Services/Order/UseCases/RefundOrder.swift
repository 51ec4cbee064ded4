import Contracts
import Foundation
import Queue
import ServingPath
import Transport

/// Refunds a confirmed order, once an idempotency key: written ahead, then paid back and taken back at once
/// where that can be done, else by the outbox.
struct RefundOrder: Sendable {
    /// The order's document, as JSON.
    struct Refunded: Sendable {
        var document: Data
        /// Something is left to the outbox.
        var isPending: Bool
        var isReplayed: Bool
    }

    let store: OrderStore
    let settle: SettleRefund
    /// When the outbox takes over: after the request's budget, with a second to spare.
    let resumeAfter: Duration
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``OrderError``; 422 for goods that aren't the order's.
    func callAsFunction(
        _ orderId: String, _ request: OrderRefundRequest, key: String, for caller: Caller
    ) async throws -> Refunded {
        let now = wall()
        let id = Identifier.make("rfd_", at: now)
        let asked = RefundTable.Asked(id: id, orderId: orderId, request: request)
        let earlier = try await store.beginRefund(asked, key: key, delay: resumeAfter, at: now) { order in
            try order.refund(id: id, as: request, at: now)
        }
        if earlier == nil {
            // Where the disk fails, the message is still there, and the step is taken again.
            let paid = await DeliveryResult.of { try await settle.pay(id, for: caller) }
            try? await store.settle(.refundOrder, id, paid)
            let returned = await DeliveryResult.of { try await settle.returnGoods(id, for: caller) }
            try? await store.settle(.returnGoods, id, returned)
        }
        return try await answer(earlier ?? id, isReplayed: earlier != nil)
    }

    private func answer(_ id: String, isReplayed: Bool) async throws -> Refunded {
        guard let (order, refund) = try await store.refund(id) else { throw OrderError.unknownOrder(id: id) }
        if let outcome = refund.outcome {
            throw OrderError.refundExceedsCapture(outcome, left: order.refundable)
        }
        return Refunded(
            document: try await store.document(order), isPending: !refund.pending.isEmpty,
            isReplayed: isReplayed)
    }
}

extension Order {
    /// The refund that an operator asks for.
    fileprivate func refund(
        id: String, as request: OrderRefundRequest, at now: Timestamp
    ) throws -> OrderRefund {
        guard status == .confirmed else { throw OrderError.notRefundable(id: self.id, status) }
        let items = request.items?.merged ?? []
        let kept = kept
        var check = FieldCheck()
        for (index, item) in items.enumerated() {
            let isTheirs = item.quantity <= kept[item.sku, default: 0]
            check(isTheirs, "/items/\(index)", "is more than the customer has of it")
        }
        try check.finish()
        let left = refundable
        guard (request.amount ?? 0) <= left, left > 0 || !items.isEmpty else {
            throw OrderError.refundExceedsCapture(
                "Of \(document.total ?? 0) captured, \(left) can still be refunded", left: left)
        }
        return refund(
            id: id, .requested, amount: request.amount, items: items, reason: request.reason, at: now)
    }
}
