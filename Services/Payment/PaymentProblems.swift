import Contracts
import Transport

/// How every ``PaymentError`` is told.
extension PaymentError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .declined(let reason):
            Problem(
                ProblemDocument(
                    status: 402, code: "payment-declined", title: "The payment was declined",
                    detail: "The issuer says: \(reason).", reason: reason))
        case .voided(let orderId): .voided(orderId: orderId)
        case .keyReused: .idempotencyKeyReused
        case .otherContents:
            .contentsDiffer("Another amount, currency or customer was captured for this order.")
        case .unknown(let id): .notFound("There is no payment \(id.excerpt()).")
        case .refundExceedsCapture(let captured, let left):
            Problem(
                ProblemDocument(
                    status: 422, code: "refund-exceeds-capture", title: "The refund is more than is left",
                    detail: "Of \(captured) captured, \(left) can still be refunded.", left: left))
        case .ledgerFull(let currency):
            Problem(
                409, "ledger-full", "The ledger has no room",
                "All captures in \(currency) together would be more than the ledger can count.")
        }
    }
}
