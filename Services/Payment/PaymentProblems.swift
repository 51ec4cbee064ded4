import Transport

extension PaymentError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .declined(let reason):
            Problem(
                402, "payment-declined", "The payment was declined", "The issuer says: \(reason).",
                reason: reason)
        case .voided(let orderId): .voided(orderId: orderId)
        case .keyReused: .idempotencyKeyReused
        case .otherContents:
            .contentsDiffer("Another amount, currency or customer was captured for this order.")
        case .unknown(let id): .notFound("There is no payment \(id.excerpt()).")
        case .refundExceedsCapture(let captured, let left):
            Problem(
                422, "refund-exceeds-capture", "The refund is more than is left",
                "Of \(captured) captured, \(left) can still be refunded.", left: left)
        case .ledgerFull(let currency):
            Problem(
                409, "ledger-full", "The ledger has no room",
                "All captures in \(currency) together would be more than the ledger can count.")
        }
    }
}
