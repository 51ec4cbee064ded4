import Contracts
import Foundation
import GRDB
import Queue
import ServingPath
import Storage
import Transport

/// Refunds a confirmed order, in part or in whole, once an idempotency key: written ahead, then paid back and taken back at
/// once where that can be done, else by the queue.
struct RefundOrder: Sendable {
    /// The order's document, as JSON.
    struct Refunded: Sendable {
        var document: Data
        /// Something is left to the queue.
        var isPending: Bool
        var isReplayed: Bool
    }

    let store: Store
    let queue: DurableQueue
    let settle: SettleRefund
    /// When the queue takes over: after the request's budget, with a second to spare.
    let resumeAfter: Duration
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``Problem``: 404 for an unknown order, 409 for one that isn't confirmed, 422 for goods that aren't the
    ///   order's, for more than is left (`refund-exceeds-capture`), or for a key that comes again with another refund.
    func callAsFunction(_ orderId: String, _ request: OrderRefundRequest, key: String, for caller: Caller) async throws
        -> Refunded
    {
        let now = wall()
        let id = Identifier.make("rfd_", at: now)
        let earlier = try await store.write("refund") { [queue, resumeAfter] database -> String? in
            if let asked = try OrderStore.refund(database, key: key) {
                guard asked.orderId == orderId, asked.request == request else { throw Problem.idempotencyKeyReused }
                return asked.id
            }
            guard let order = try OrderStore.order(database, id: orderId) else { throw Problem.unknownOrder(orderId) }
            let refund = try order.refund(id: id, as: request, at: now)
            try OrderStore.begin(
                database, queue, refund, of: order, asked: (key, request), delay: resumeAfter, at: now)
            return nil
        }
        if earlier == nil {
            await take(.refundOrder, id) { await settle.pay(id, for: caller) }
            await take(.returnGoods, id) { await settle.returnGoods(id, for: caller) }
        }
        return try await answer(earlier ?? id, isReplayed: earlier != nil)
    }

    /// Takes a step that has been left to the queue; if it can't be taken now, the queue tries again soon.
    private func take(_ errand: Errand, _ id: String, _ step: () async -> Verdict) async {
        let verdict = await step()
        // Where the disk fails, the message is still there, and the step is taken again.
        try? await store.write("refunded") { [queue] database in
            guard case .done(let commit) = verdict else { return try queue.hasten(database, errand, id) }
            try commit?(database)
            try queue.drop(database, errand, id)
        }
    }

    private func answer(_ id: String, isReplayed: Bool) async throws -> Refunded {
        try await store.read { database in
            guard let (order, refund) = try OrderStore.refund(database, id: id) else { throw Problem.unknownOrder(id) }
            if let outcome = refund.outcome { throw Problem.refundExceedsCapture(outcome, left: order.refundable) }
            return Refunded(
                document: try OrderView.document(database, order), isPending: !refund.pending.isEmpty, isReplayed: isReplayed)
        }
    }
}

extension Order {
    /// The refund that an operator asks for.
    fileprivate func refund(id: String, as request: OrderRefundRequest, at now: Timestamp) throws -> OrderRefund {
        guard status == .confirmed else {
            throw Problem(
                409, "not-refundable", "The order can't be refunded",
                "Order \(self.id) is \(status.rawValue); only a confirmed order can be refunded.")
        }
        let items = request.items?.merged ?? []
        let kept = kept
        var check = FieldCheck()
        for (index, item) in items.enumerated() {
            check(item.quantity <= kept[item.sku, default: 0], "/items/\(index)", "is more than the customer has of it")
        }
        try check.finish()
        let left = refundable
        guard (request.amount ?? 0) <= left, left > 0 || !items.isEmpty else {
            throw Problem.refundExceedsCapture("Of \(document.total ?? 0) captured, \(left) can still be refunded", left: left)
        }
        return refund(id: id, .requested, amount: request.amount, items: items, reason: request.reason, at: now)
    }
}

extension OrderRefundRequest {
    /// Every field that is out of range.
    func validate(_ check: inout FieldCheck) {
        if let amount { check.amount(amount, "/amount") }
        if let items { check.items(items) }
        check.text(reason, "/reason")
    }
}

extension Problem {
    fileprivate static func refundExceedsCapture(_ detail: String, left: Int) -> Problem {
        Problem(
            ProblemDocument(
                status: 422, code: "refund-exceeds-capture", title: "The refund is more than is left", detail: "\(detail).",
                left: left))
    }
}
