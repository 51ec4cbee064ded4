import Contracts

/// Refunds a part of a capture, once an idempotency key.
struct RefundPayment: Sendable {
    let payments: PaymentStore
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``PaymentError``: an unknown payment, a voided one, more than is left of the capture, or a
    ///   key that comes again with another refund.
    func callAsFunction(
        _ id: String, _ request: RefundRequest, key: String
    ) async throws -> (payment: Payment, isReplayed: Bool) {
        let now = wall()
        return try await payments.refund(id, request, key: key) { payment throws(PaymentError) in
            guard payment.status == .captured else { throw .voided(orderId: payment.orderId) }
            let left = payment.amount - payment.refunded
            guard request.amount <= left else {
                throw .refundExceedsCapture(captured: payment.amount, left: left)
            }
            return Refund(
                id: Identifier.make("ref_", at: now), amount: request.amount, reason: request.reason, at: now)
        }
    }
}
