package struct PaymentRequest: Codable, Sendable, Hashable {
    package var orderId: String
    package var customerId: String
    /// Minor units, at least 1.
    package var amount: Int
    /// ISO 4217.
    package var currency: String
    package var token: String

    package init(orderId: String, customerId: String, amount: Int, currency: String, token: String) {
        self.orderId = orderId
        self.customerId = customerId
        self.amount = amount
        self.currency = currency
        self.token = token
    }
}

package enum PaymentStatus: String, Codable, Sendable, Hashable { case captured, voided }

package struct Payment: Codable, Sendable, Hashable {
    package var id: String
    package var orderId: String
    package var customerId: String
    package var status: PaymentStatus
    package var amount: Int
    package var currency: String
    /// The sum of `refunds`, at most `amount`.
    package var refunded: Int
    package var refunds: [Refund]
    package var createdAt: Timestamp

    package init(
        id: String, orderId: String, customerId: String, status: PaymentStatus, amount: Int, currency: String,
        refunded: Int, refunds: [Refund], createdAt: Timestamp
    ) {
        self.id = id
        self.orderId = orderId
        self.customerId = customerId
        self.status = status
        self.amount = amount
        self.currency = currency
        self.refunded = refunded
        self.refunds = refunds
        self.createdAt = createdAt
    }
}

package struct Refund: Codable, Sendable, Hashable {
    package var id: String
    package var amount: Int
    package var reason: String
    package var at: Timestamp

    package init(id: String, amount: Int, reason: String, at: Timestamp) {
        self.id = id
        self.amount = amount
        self.reason = reason
        self.at = at
    }
}

package struct VoidRequest: Codable, Sendable, Hashable {
    package var orderId: String

    package init(orderId: String) { self.orderId = orderId }
}

package struct RefundRequest: Codable, Sendable, Hashable {
    /// Minor units, at least 1, at most what is left of the capture.
    package var amount: Int
    package var reason: String

    package init(amount: Int, reason: String) {
        self.amount = amount
        self.reason = reason
    }
}

/// Double entry: every movement is written twice with opposite signs, so that each total is always 0.
package struct Ledger: Codable, Sendable, Hashable {
    package struct Account: Codable, Sendable, Hashable {
        package var account: String
        /// ISO 4217.
        package var currency: String
        /// Minor units of `currency`.
        package var balance: Int

        package init(account: String, currency: String, balance: Int) {
            self.account = account
            self.currency = currency
            self.balance = balance
        }
    }

    /// Every account of every currency that anything was captured in.
    package var accounts: [Account]
    /// By currency.
    package var totals: [String: Int]

    package init(accounts: [Account], totals: [String: Int]) {
        self.accounts = accounts
        self.totals = totals
    }
}
