import Contracts
import HTTPTypes
import Transport

/// How every ``OrderError`` is told.
extension OrderError: ProblemConvertible {
    /// As it is kept with a rejected order.
    var document: ProblemDocument { problem.document }

    var problem: Problem {
        switch self {
        case .refused(let document): Problem(document)
        case .paymentDeclined(let reason):
            told(402, "payment-declined", "The payment was declined", reason: reason)
        case .paymentMissing: .invalidRequest([FieldError(pointer: "/payment", detail: detail)])
        case .couponRefused(let reason): told(422, "coupon-refused", "The coupon was refused", reason: reason)
        case .couponUnavailable:
            .unavailable("coupon-unavailable", "The coupon can't be checked", detail, retryAfter: 2)
        case .priceUnavailable:
            .unavailable("price-unavailable", "Prices can't be had", detail, retryAfter: 2)
        case .deadlineExceeded: .deadlineExceeded
        case .outOfStock(let short, _): told(409, "out-of-stock", "Out of stock", skus: short)
        case .totalExceeded: told(409, "total-exceeded", "The order is dearer than allowed")
        case .cancelledMeanwhile: told(409, "order-cancelled", "The order was cancelled")
        case .keyReused: .idempotencyKeyReused
        case .inProgress: .requestInProgress(detail)
        case .unknownOrder: .notFound(detail)
        case .notCancellable: told(409, "not-cancellable", "The order can't be cancelled")
        case .notRefundable: told(409, "not-refundable", "The order can't be refunded")
        case .refundExceedsCapture(_, let left):
            told(422, "refund-exceeds-capture", "The refund is more than is left", left: left)
        case .unknownSKUs(let skus): told(422, "unknown-sku", "A SKU is not in the catalogue", skus: skus)
        }
    }

    private func told(
        _ status: Int, _ code: String, _ title: String, skus: [ShortSKU]? = nil, reason: String? = nil,
        left: Int? = nil
    ) -> Problem {
        Problem(
            ProblemDocument(
                status: status, code: code, title: title, detail: detail, skus: skus, reason: reason,
                left: left))
    }

    private var detail: String {
        switch self {
        case .refused(let document): document.detail
        case .paymentDeclined(let reason): "The issuer says: \(reason)."
        case .paymentMissing: "is required, since something is to be paid"
        case .couponRefused(let reason): "The coupon can't be used for this order: \(reason)."
        case .couponUnavailable:
            "The coupon service can't be asked, and the order said to reject then. Nothing was charged."
        case .priceUnavailable:
            "Inventory can't be asked, and its last known prices don't cover the order. Nothing was charged."
        case .deadlineExceeded, .keyReused: problem.document.detail
        case .outOfStock(let short, isKnown: true): "There isn't enough of \(short.listed)."
        case .outOfStock(let short, isKnown: false):
            """
            Inventory can't be asked, and by what is known there isn't enough of \(short.listed). \
            Nothing was charged.
            """
        case .totalExceeded(let total, let limit, let isCouponSkipped):
            """
            The total is \(total)\(isCouponSkipped ? " without the coupon, which can't be checked" : ""), \
            more than maxTotal \(limit). Nothing was charged.
            """
        case .cancelledMeanwhile(let id): "Order \(id) was cancelled while it was being placed."
        case .inProgress(let detail): detail
        case .unknownOrder(let id): "There is no order \(id.excerpt())."
        case .notCancellable(let id, let status):
            "Order \(id) is \(status.rawValue); only an order that is not decided yet can be cancelled."
        case .notRefundable(let id, let status):
            "Order \(id) is \(status.rawValue); only a confirmed order can be refunded."
        case .refundExceedsCapture(let detail, _): "\(detail)."
        case .unknownSKUs(let skus): "Not in the catalogue: \(skus.listed)."
        }
    }
}

extension [ShortSKU] {
    /// In a sentence, cut where there are many.
    fileprivate var listed: String { map(\.sku).joined(separator: ", ").excerpt(500) }
}
