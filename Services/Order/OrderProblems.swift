import Contracts
import Transport

/// How every ``OrderError`` is told.
extension OrderError: ProblemConvertible {
    /// As it is kept with a rejected order.
    var document: ProblemDocument { problem.document }

    var problem: Problem {
        switch self {
        case .refused(let document): Problem(document)
        case .paymentDeclined(let reason):
            Problem(
                402, "payment-declined", "The payment was declined", "The issuer says: \(reason).",
                reason: reason)
        case .paymentMissing:
            .invalidRequest([
                FieldError(pointer: "/payment", detail: "is required, since something is to be paid")
            ])
        case .couponRefused(let reason):
            Problem(
                422, "coupon-refused", "The coupon was refused",
                "The coupon can't be used for this order: \(reason).", reason: reason)
        case .couponUnavailable:
            .unavailable(
                "coupon-unavailable", "The coupon can't be checked",
                "The coupon service can't be asked, and the order said to reject then. Nothing was charged.",
                retryAfter: 2)
        case .priceUnavailable:
            .unavailable(
                "price-unavailable", "Prices can't be had",
                """
                Inventory can't be asked, and its last known prices don't cover the order. \
                Nothing was charged.
                """, retryAfter: 2)
        case .deadlineExceeded: .deadlineExceeded
        case .outOfStock(let short):
            Problem(
                409, "out-of-stock", "Out of stock",
                """
                Inventory can't be asked, and by what is known there isn't enough of \(short.listed). \
                Nothing was charged.
                """, skus: short)
        case .totalExceeded(let total, let limit, let isCouponSkipped):
            Problem(
                409, "total-exceeded", "The order is dearer than allowed",
                """
                The total is \(total)\
                \(isCouponSkipped ? " without the coupon, which can't be checked" : ""), \
                more than maxTotal \(limit). Nothing was charged.
                """)
        case .cancelledMeanwhile(let id):
            Problem(
                409, "order-cancelled", "The order was cancelled",
                "Order \(id) was cancelled while it was being placed.")
        case .keyReused: .idempotencyKeyReused
        case .inProgress(let detail): .requestInProgress(detail)
        case .unknownOrder(let id): .notFound("There is no order \(id.excerpt()).")
        case .notCancellable(let id, let status):
            Problem(
                409, "not-cancellable", "The order can't be cancelled",
                "Order \(id) is \(status.rawValue); only an order that is not decided yet can be cancelled.")
        case .notRefundable(let id, let status):
            Problem(
                409, "not-refundable", "The order can't be refunded",
                "Order \(id) is \(status.rawValue); only a confirmed order can be refunded.")
        case .refundExceedsCapture(let detail, let left):
            Problem(
                422, "refund-exceeds-capture", "The refund is more than is left", "\(detail).", left: left)
        case .tooFewToQuote(let short):
            Problem(
                409, "out-of-stock", "Out of stock", "There isn't enough of \(short.listed).", skus: short)
        case .unknownSKUs(let skus):
            Problem(
                422, "unknown-sku", "A SKU is not in the catalogue", "Not in the catalogue: \(skus.listed).",
                skus: skus)
        }
    }
}

extension [ShortSKU] {
    /// In a sentence, cut where there are many.
    fileprivate var listed: String { map(\.sku).joined(separator: ", ").excerpt(500) }
}
