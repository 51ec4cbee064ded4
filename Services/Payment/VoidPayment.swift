import Contracts
import GRDB
import Storage
import Transport

/// Undoes an order's payment by the order's id: refunds what is left of the capture and refuses what may still come.
struct VoidPayment: Sendable {
    let store: Store
    let wall: @Sendable () -> Timestamp

    /// The voided payment; for an order never charged, a tombstone with amount 0. Idempotent.
    func callAsFunction(orderId: String) async throws -> Payment {
        let now = wall()
        return try await store.write("void") { database in
            guard let existing = try PaymentStore.record(database, orderId: orderId)?.payment else {
                let tombstone = Payment(
                    id: Identifier.make("pay_", at: now), orderId: orderId, customerId: "", status: .voided, amount: 0,
                    currency: "", refunded: 0, refunds: [], createdAt: now)
                try PaymentStore.insert(database, tombstone, token: "", key: nil)
                return tombstone
            }
            guard existing.status == .captured else { return existing }
            let left = existing.amount - existing.refunded
            if left > 0 {
                let refund = Refund(id: Identifier.make("ref_", at: now), amount: left, reason: "voided", at: now)
                try PaymentStore.refund(database, existing, refund, key: nil)
            }
            try PaymentStore.void(database, paymentId: existing.id)
            return try PaymentStore.record(database, orderId: orderId)?.payment ?? existing
        }
    }
}
