/// What `POST /orders` takes; `POST /quotes` takes the same without `payment`.
package struct OrderRequest: Codable, Sendable, Hashable {
    package var customerId: String
    package var items: [ItemQuantity]
    package var couponCode: String?
    package var ifCouponUnavailable: IfCouponUnavailable?
    /// Minor units; a dearer order is refused.
    package var maxTotal: Int?
    /// May be left out where nothing is to be paid.
    package var payment: PaymentMeans?

    package init(
        customerId: String, items: [ItemQuantity], couponCode: String? = nil,
        ifCouponUnavailable: IfCouponUnavailable? = nil, maxTotal: Int? = nil, payment: PaymentMeans? = nil
    ) {
        self.customerId = customerId
        self.items = items
        self.couponCode = couponCode
        self.ifCouponUnavailable = ifCouponUnavailable
        self.maxTotal = maxTotal
        self.payment = payment
    }
}

package struct ItemQuantity: Codable, Sendable, Hashable {
    package var sku: String
    package var quantity: Int

    package init(sku: String, quantity: Int) {
        self.sku = sku
        self.quantity = quantity
    }
}

package struct PaymentMeans: Codable, Sendable, Hashable {
    package var token: String

    package init(token: String) { self.token = token }
}

/// What a customer wants when neither the coupon service nor a cached rule can be used.
package enum IfCouponUnavailable: String, Codable, Sendable, Hashable {
    case refundLater = "refund-later"
    case orderWithout = "order-without"
    case reject
}

package enum OrderStatus: String, Codable, Sendable, Hashable, CaseIterable {
    case placing, accepted, confirmed, rejected, cancelled

    package var isTerminal: Bool { self != .placing && self != .accepted }
}

/// The order as customers see it, in every answer.
package struct OrderDocument: Codable, Sendable, Hashable {
    package var id: String
    package var status: OrderStatus
    package var customerId: String
    package var items: [OrderLine]
    package var currency: String
    /// Minor units; `null` until the prices are known (`placing`, or refused before).
    @Nullable package var subtotal: Int?
    package var discount: Int
    /// `null` until the coupon is decided as well.
    @Nullable package var total: Int?
    package var refunded: Int
    /// The refunds of a confirmed order, the oldest first.
    @OrEmpty package var refunds: [OrderRefund]
    @Nullable package var couponCode: String?
    /// What still has to be done, by dependency: to finish an accepted order, to undo a cancelled one, or for
    /// the refunds of a confirmed one.
    package var pending: [String]
    package var degradations: [Degradation]
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        id: String, status: OrderStatus, customerId: String, items: [OrderLine], currency: String,
        subtotal: Int?,
        discount: Int, total: Int?, refunded: Int, refunds: [OrderRefund] = [], couponCode: String?,
        pending: [String],
        degradations: [Degradation], createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.id = id
        self.status = status
        self.customerId = customerId
        self.items = items
        self.currency = currency
        self.subtotal = subtotal
        self.discount = discount
        self.total = total
        self.refunded = refunded
        self.refunds = refunds
        self.couponCode = couponCode
        self.pending = pending
        self.degradations = degradations
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

package struct OrderLine: Codable, Sendable, Hashable {
    package var sku: String
    @Nullable package var name: String?
    package var quantity: Int
    /// Minor units; `null` until the price is known.
    @Nullable package var unitPrice: Int?

    package init(sku: String, name: String?, quantity: Int, unitPrice: Int?) {
        self.sku = sku
        self.name = name
        self.quantity = quantity
        self.unitPrice = unitPrice
    }
}

/// One thing that was done otherwise than with everything healthy, and its repair.
package struct Degradation: Codable, Sendable, Hashable {
    package enum Effect: String, Codable, Sendable, Hashable, CaseIterable {
        case couponSkipped = "coupon-skipped"
        /// The discount is that of the last known rule.
        case couponEstimated = "coupon-estimated"
        case priceCached = "price-cached"
        case stockUnverified = "stock-unverified"
        case paymentQueued = "payment-queued"
        /// The customer is notified of the order later.
        case notificationQueued = "notification-queued"
    }
    package enum Source: String, Codable, Sendable, Hashable { case cache, computed, queue, none }
    package enum Repair: String, Codable, Sendable, Hashable {
        case refundLater = "refund-later"
        case recordLater = "record-later"
        case finishLater = "finish-later"
        case none
    }

    package var dependency: String
    package var effect: Effect
    package var source: Source
    /// How old what was used is, where the source is the cache.
    package var ageSeconds: Int?
    package var reason: String
    package var repair: Repair
    package var repaired: Bool
    /// How the repair ended, in words.
    @Nullable package var outcome: String?

    package init(
        dependency: String, effect: Effect, source: Source, ageSeconds: Int? = nil, reason: String,
        repair: Repair,
        repaired: Bool = false, outcome: String? = nil
    ) {
        self.dependency = dependency
        self.effect = effect
        self.source = source
        self.ageSeconds = ageSeconds
        self.reason = reason
        self.repair = repair
        self.repaired = repaired
        self.outcome = outcome
    }
}

package struct QuoteDocument: Codable, Sendable, Hashable {
    package var customerId: String
    package var items: [OrderLine]
    package var currency: String
    package var subtotal: Int
    package var discount: Int
    package var total: Int
    @Nullable package var couponCode: String?
    package var degradations: [Degradation]
    /// What an order would be refused for now.
    package var problems: [QuoteProblem]

    package init(
        customerId: String, items: [OrderLine], currency: String, subtotal: Int, discount: Int, total: Int,
        couponCode: String?, degradations: [Degradation], problems: [QuoteProblem]
    ) {
        self.customerId = customerId
        self.items = items
        self.currency = currency
        self.subtotal = subtotal
        self.discount = discount
        self.total = total
        self.couponCode = couponCode
        self.degradations = degradations
        self.problems = problems
    }
}

/// The problem that an order would get.
package struct QuoteProblem: Codable, Sendable, Hashable {
    package var code: String
    package var detail: String
    package var skus: [ShortSKU]?
    package var reason: String?

    package init(_ problem: ProblemDocument) {
        code = problem.code
        detail = problem.detail
        skus = problem.skus
        reason = problem.reason
    }
}

/// One step of an order's story.
package struct TimelineEntry: Codable, Sendable, Hashable {
    package var at: Timestamp
    package var step: String
    package var outcome: String
    package var detail: String

    package init(at: Timestamp, step: String, outcome: String, detail: String = "") {
        self.at = at
        self.step = step
        self.outcome = outcome
        self.detail = detail
    }
}
