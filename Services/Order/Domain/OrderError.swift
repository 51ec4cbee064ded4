import Contracts

/// Everything that this service refuses, and why. How it is told is in `OrderProblems.swift`.
enum OrderError: Error, Sendable, Equatable {
    // An order.
    /// A dependency's refusal, as it said it, or as it was kept with the order.
    case refused(ProblemDocument)
    case paymentDeclined(reason: String)
    /// A flaw of the request that shows only when the total is known; it leaves the key free.
    case paymentMissing
    case couponRefused(reason: String)
    case couponUnavailable
    case priceUnavailable
    case deadlineExceeded
    /// By what is known, where inventory can't be asked.
    case outOfStock([ShortSKU])
    case totalExceeded(Int, limit: Int, isCouponSkipped: Bool)
    case cancelledMeanwhile(id: String)
    // Its idempotency key.
    case keyReused
    case inProgress(String)
    // What is asked of an order that is there.
    case unknownOrder(id: String)
    case notCancellable(id: String, OrderStatus)
    case notRefundable(id: String, OrderStatus)
    case refundExceedsCapture(String, left: Int)
    // A quote.
    case tooFewToQuote([ShortSKU])
    case unknownSKUs([ShortSKU])
}
