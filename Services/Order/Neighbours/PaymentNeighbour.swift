import Contracts
import Resilience
import ServingPath
import Transport

/// Payment is critical: nothing is confirmed unpaid. Its calls throw, and a lost answer is *unknown*, never "failed".
///
/// Issuers take their time, so payment gets all that is left of the customer's budget; every call carries the order's id
/// as its key and can be repeated.
struct PaymentNeighbour: Sendable {
    let neighbour: Neighbour

    func capture(_ order: Order, amount: Int, deadline: Deadline, limit: Duration) async throws(CallError) -> Payment {
        let request = PaymentRequest(
            orderId: order.id, customerId: order.request.customerId, amount: amount, currency: order.document.currency,
            token: order.request.payment?.token ?? "")
        let payment: Payment = try await neighbour.call(
            "POST", "/payments", body: request, key: order.id, expecting: [201], refusals: ["payment-declined", "voided"],
            deadline: deadline, limit: limit, criticality: .criticalPlus)
        guard payment.orderId == order.id, payment.amount == amount, payment.status == .captured else {
            throw .unavailable(.invalidAnswer)
        }
        return payment
    }

    /// Refunds whatever was captured for the order, and refuses what may still arrive for it.
    func void(orderId: String, deadline: Deadline, limit: Duration) async throws(CallError) -> Payment {
        let voided: Payment = try await neighbour.call(
            "POST", "/payments/void", body: VoidRequest(orderId: orderId), expecting: [200], deadline: deadline, limit: limit,
            criticality: .sheddable)
        guard voided.orderId == orderId, voided.status == .voided else { throw .unavailable(.invalidAnswer) }
        return voided
    }

    func refund(
        paymentId: String, amount: Int, reason: String, key: String, deadline: Deadline, limit: Duration
    ) async throws(CallError) -> Payment {
        let payment: Payment = try await neighbour.call(
            "POST", "/payments/\(paymentId)/refunds", body: RefundRequest(amount: amount, reason: reason), key: key,
            expecting: [201],
            refusals: ["refund-exceeds-capture", "voided", "not-found"], deadline: deadline, limit: limit,
            criticality: .sheddable)
        guard payment.id == paymentId, payment.refunded >= amount else { throw .unavailable(.invalidAnswer) }
        return payment
    }
}
