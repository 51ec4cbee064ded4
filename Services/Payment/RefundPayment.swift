import Contracts
import GRDB
import Storage
import Transport

/// Refunds a part of a capture, once an idempotency key.
struct RefundPayment: Sendable {
    struct Refunded: Sendable {
        var payment: Payment
        var isReplayed: Bool
    }

    let store: Store
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``Problem``: 404 for an unknown payment, 409 for a voided one, 422 for more than is left of the capture or
    ///   for a key that comes again with another refund.
    func callAsFunction(_ id: String, _ request: RefundRequest, key: String) async throws -> Refunded {
        let now = wall()
        return try await store.write("refund") { database in
            guard let payment = try PaymentStore.record(database, id: id)?.payment else {
                throw Problem.unknownPayment(id)
            }
            if let used = try PaymentStore.refund(database, key: key) {
                guard used == (id, request.amount, request.reason) else { throw Problem.idempotencyKeyReused }
                return Refunded(payment: payment, isReplayed: true)
            }
            guard payment.status == .captured else { throw Problem.voided(orderId: payment.orderId) }
            guard request.amount <= payment.amount - payment.refunded else {
                throw Problem.refundExceedsCapture(payment)
            }
            let refund = Refund(id: Identifier.make("ref_", at: now), amount: request.amount, reason: request.reason, at: now)
            try PaymentStore.refund(database, payment, refund, key: key)
            return Refunded(payment: try PaymentStore.record(database, id: id)?.payment ?? payment, isReplayed: false)
        }
    }
}

extension Problem {
    fileprivate static func refundExceedsCapture(_ payment: Payment) -> Problem {
        let left = payment.amount - payment.refunded
        return Problem(
            ProblemDocument(
                status: 422, code: "refund-exceeds-capture", title: "The refund is more than is left",
                detail: "Of \(payment.amount) captured, \(left) can still be refunded.", left: left))
    }
}
