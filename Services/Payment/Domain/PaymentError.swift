/// What this service refuses.
enum PaymentError: Error, Sendable, Equatable {
    case declined(reason: String)
    case voided(orderId: String)
    case keyReused
    /// Another amount, currency or customer was captured for the order.
    case otherContents
    case unknown(id: String)
    case refundExceedsCapture(captured: Int, left: Int)
    case ledgerFull(currency: String)
}
