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
    /// The moment as of which the rules are judged: the order's `createdAt`.
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
        orderId: String, customerId: String?, code: String?, discount: Int, status: RedemptionStatus, at: Timestamp
    ) {
        self.orderId = orderId
        self.customerId = customerId
        self.code = code
        self.discount = discount
        self.status = status
        self.at = at
    }
}
