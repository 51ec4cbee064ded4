import Contracts
import HTTPTypes
import Transport

/// How every ``OrderError`` is told.
extension OrderError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .couponUnavailable, .priceUnavailable: Problem(document, headers: [.retryAfter: "2"])
        case .deadlineExceeded: .deadlineExceeded
        case .keyReused: .idempotencyKeyReused
        case .inProgress(let detail): .requestInProgress(detail)
        default: Problem(document)
        }
    }

    /// As it is kept with a rejected order.
    var document: ProblemDocument {
        switch self {
        case .refused(let document): document
        case .paymentDeclined(let reason):
            ProblemDocument(
                status: 402, code: "payment-declined", title: "The payment was declined",
                detail: "The issuer says: \(reason).", reason: reason)
        case .paymentMissing:
            Problem.invalidRequest([
                FieldError(pointer: "/payment", detail: "is required, since something is to be paid")
            ]).document
        case .couponRefused(let reason):
            ProblemDocument(
                status: 422, code: "coupon-refused", title: "The coupon was refused",
                detail: "The coupon can't be used for this order: \(reason).", reason: reason)
        case .couponUnavailable:
            ProblemDocument(
                status: 503, code: "coupon-unavailable", title: "The coupon can't be checked",
                detail:
                    "The coupon service can't be asked, and the order said to reject then. Nothing was charged."
            )
        case .priceUnavailable:
            ProblemDocument(
                status: 503, code: "price-unavailable", title: "Prices can't be had",
                detail: "Inventory can't be asked, and its last known prices don't cover the order. "
                    + "Nothing was charged.")
        case .deadlineExceeded: Problem.deadlineExceeded.document
        case .outOfStock(let short):
            ProblemDocument(
                status: 409, code: "out-of-stock", title: "Out of stock",
                detail: "Inventory can't be asked, and by what is known there isn't enough of "
                    + "\(short.map(\.sku).listed). Nothing was charged.", skus: short)
        case .totalExceeded(let total, let limit, let isCouponSkipped):
            ProblemDocument(
                status: 409, code: "total-exceeded", title: "The order is dearer than allowed",
                detail:
                    "The total is \(total)\(isCouponSkipped ? " without the coupon, which can't be checked" : ""), "
                    + "more than maxTotal \(limit). Nothing was charged.")
        case .cancelledMeanwhile(let id):
            ProblemDocument(
                status: 409, code: "order-cancelled", title: "The order was cancelled",
                detail: "Order \(id) was cancelled while it was being placed.")
        case .keyReused: Problem.idempotencyKeyReused.document
        case .inProgress(let detail): Problem.requestInProgress(detail).document
        case .unknownOrder(let id): Problem.notFound("There is no order \(id.excerpt()).").document
        case .notCancellable(let id, let status):
            ProblemDocument(
                status: 409, code: "not-cancellable", title: "The order can't be cancelled",
                detail:
                    "Order \(id) is \(status.rawValue); only an order that is not decided yet can be cancelled."
            )
        case .notRefundable(let id, let status):
            ProblemDocument(
                status: 409, code: "not-refundable", title: "The order can't be refunded",
                detail: "Order \(id) is \(status.rawValue); only a confirmed order can be refunded.")
        case .refundExceedsCapture(let detail, let left):
            ProblemDocument(
                status: 422, code: "refund-exceeds-capture", title: "The refund is more than is left",
                detail: "\(detail).", left: left)
        case .unknownSKUs(let items):
            ProblemDocument(
                status: 422, code: "unknown-sku", title: "A SKU is not in the catalogue",
                detail: "Not in the catalogue: \(items.map(\.sku).listed).",
                skus: items.map { ShortSKU(sku: $0.sku, requested: $0.quantity, available: 0) })
        }
    }
}

extension [String] {
    /// In a sentence, cut where there are many.
    var listed: String { joined(separator: ", ").excerpt(500) }
}
