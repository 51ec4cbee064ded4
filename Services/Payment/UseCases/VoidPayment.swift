import Contracts

/// Undoes an order's payment by the order's id: refunds what is left of the capture and refuses what may
/// still come.
struct VoidPayment: Sendable {
    let payments: PaymentStore
    let wall: @Sendable () -> Timestamp

    /// The voided payment; for an order never charged, a tombstone with amount 0. Idempotent.
    func callAsFunction(orderId: String) async throws -> Payment {
        let now = wall()
        let tombstone = Payment(
            id: Identifier.make("pay_", at: now), orderId: orderId, customerId: "", status: .voided,
            amount: 0, currency: "", refunded: 0, refunds: [], createdAt: now)
        return try await payments.void(orderId: orderId, else: tombstone) { payment in
            let left = payment.amount - payment.refunded
            return left > 0
                ? Refund(id: Identifier.make("ref_", at: now), amount: left, reason: "voided", at: now) : nil
        }
    }
}
