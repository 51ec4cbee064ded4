package struct Coupon: Codable, Sendable, Hashable {
    package var code: String
    /// Minor units of `currency`.
    package var amountOff: Int
    package var currency: String
    package var limitPerCustomer: Int
    package var eligibleSkus: [String]
    /// `null`: without end.
    @Nullable package var validUntil: Timestamp?
    /// Whether an order may honour the rule while the coupon service can't be asked.
    package var offline: Bool

    package init(
        code: String, amountOff: Int, currency: String, limitPerCustomer: Int, eligibleSkus: [String],
        validUntil: Timestamp?, offline: Bool
    ) {
        self.code = code
        self.amountOff = amountOff
        self.currency = currency
        self.limitPerCustomer = limitPerCustomer
        self.eligibleSkus = eligibleSkus
        self.validUntil = validUntil
        self.offline = offline
    }
}

package struct RedemptionRequest: Codable, Sendable, Hashable {
    package var orderId: String
    package var customerId: String
    package var code: String
    /// The time at which the rules are applied: the order's `createdAt`.
    package var at: Timestamp
    package var items: [PricedItem]

    package init(orderId: String, customerId: String, code: String, at: Timestamp, items: [PricedItem]) {
        self.orderId = orderId
        self.customerId = customerId
        self.code = code
        self.at = at
        self.items = items
    }
}

/// What order knows of a range of its orders, for a coupon store from which redemptions may be missing: those
/// with ids above `after` and up to and including `upTo`.
package struct ReconciliationRequest: Codable, Sendable, Hashable {
    /// Redemptions, and undecided orders, in one request.
    package static let most = 100

    /// Of coupon's store when the loss was accepted.
    package var epoch: Int64
    /// Nil: from the first order.
    package var after: String?
    /// Nil: to the last order. After that range coupon is complete.
    package var upTo: String?
    /// The redemptions that coupon has confirmed and that count. They are recorded where they are missing.
    package var redemptions: [ConfirmedRedemption]
    /// Ids of orders that may have redeemed: what coupon has of them stays. Redemptions of all other orders
    /// are released.
    package var undecided: [String]

    package init(
        epoch: Int64, after: String?, upTo: String?, redemptions: [ConfirmedRedemption], undecided: [String]
    ) {
        self.epoch = epoch
        self.after = after
        self.upTo = upTo
        self.redemptions = redemptions
        self.undecided = undecided
    }
}

package struct ConfirmedRedemption: Codable, Sendable, Hashable {
    package var request: RedemptionRequest
    /// Minor units.
    package var discount: Int

    package init(request: RedemptionRequest, discount: Int) {
        self.request = request
        self.discount = discount
    }
}

package struct ReconciliationAnswer: Codable, Sendable, Hashable {
    /// Whether coupon still refuses new redemptions.
    package var isPending: Bool

    package init(isPending: Bool) { self.isPending = isPending }
}

package struct PricedItem: Codable, Sendable, Hashable {
    package var sku: String
    package var quantity: Int
    package var unitPrice: Int

    package init(sku: String, quantity: Int, unitPrice: Int) {
        self.sku = sku
        self.quantity = quantity
        self.unitPrice = unitPrice
    }
}

package enum RedemptionStatus: String, Codable, Sendable, Hashable, CaseIterable { case active, released }

package struct Redemption: Codable, Sendable, Hashable {
    package var orderId: String
    /// `null`, as `code`, where the order was undone before anything was redeemed for it.
    @Nullable package var customerId: String?
    @Nullable package var code: String?
    /// Minor units.
    package var discount: Int
    package var status: RedemptionStatus
    package var at: Timestamp

    package init(
        orderId: String, customerId: String?, code: String?, discount: Int, status: RedemptionStatus,
        at: Timestamp
    ) {
        self.orderId = orderId
        self.customerId = customerId
        self.code = code
        self.discount = discount
        self.status = status
        self.at = at
    }
}
