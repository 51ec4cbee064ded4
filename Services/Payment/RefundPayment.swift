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
                throw Problem(
                    422, "refund-exceeds-capture", "The refund is more than is left",
                    "Of \(payment.amount) captured, \(payment.amount - payment.refunded) can still be refunded.")
            }
            let refund = Refund(id: Identifier.make("ref_", at: now), amount: request.amount, reason: request.reason, at: now)
            try PaymentStore.refund(database, payment, refund, key: key)
            return Refunded(payment: try PaymentStore.record(database, id: id)?.payment ?? payment, isReplayed: false)
        }
    }
}
