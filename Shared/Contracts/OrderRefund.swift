/// What `POST /orders/{id}/refunds` takes.
package struct OrderRefundRequest: Codable, Sendable, Hashable {
    /// Minor units, at least 1. Left out: what was paid for `items`; without those the whole rest.
    package var amount: Int?
    /// What goes back to stock.
    package var items: [ItemQuantity]?
    package var reason: String

    package init(amount: Int? = nil, items: [ItemQuantity]? = nil, reason: String) {
        self.amount = amount
        self.items = items
        self.reason = reason
    }
}

/// Money that a confirmed order got back, or is about to get back, and the goods that go back to stock with
/// it.
package struct OrderRefund: Codable, Sendable, Hashable {
    package enum Cause: String, Codable, Sendable, Hashable {
        /// An operator asked for it.
        case requested
        /// A coupon that was skipped or estimated turned out to be worth more.
        case coupon
        /// The goods couldn't be delivered.
        case outOfStock = "out-of-stock"
    }

    /// The key of everything that is done for it.
    package var id: String
    package var cause: Cause
    /// Minor units; 0 where goods that cost nothing go back.
    package var amount: Int
    package var reason: String
    package var items: [ItemQuantity]
    /// What still has to be done, by dependency: `payment` to refund, `inventory` to take back.
    package var pending: [String]
    /// How it ended, in words, where that differs from what was asked for.
    @Nullable package var outcome: String?
    package var at: Timestamp

    package init(
        id: String, cause: Cause, amount: Int, reason: String, items: [ItemQuantity], pending: [String],
        outcome: String? = nil, at: Timestamp
    ) {
        self.id = id
        self.cause = cause
        self.amount = amount
        self.reason = reason
        self.items = items
        self.pending = pending
        self.outcome = outcome
        self.at = at
    }
}
