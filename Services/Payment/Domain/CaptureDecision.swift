import Contracts

/// What becomes of a request to capture, by what is known of its key and its order.
enum CaptureDecision: Sendable {
    case capture(Payment)
    /// A new refusal, which its key keeps.
    case decline(reason: String)
    case repeatCapture(Payment)
    /// The refusal that the key has.
    case repeatDecline(reason: String)

    struct Known: Sendable {
        var byKey: (payment: Payment, token: String)?
        var decline: (request: PaymentRequest, reason: String)?
        var byOrder: Payment?
    }

    static func decide(_ request: PaymentRequest, _ known: Known, at now: Timestamp) throws(PaymentError)
        -> CaptureDecision
    {
        guard known.byKey.map({ request.made($0.payment, token: $0.token) }) ?? true,
            known.decline.map({ $0.request == request }) ?? true
        else { throw .keyReused }
        let existing = known.byKey?.payment ?? known.byOrder
        if existing?.status == .voided { throw .voided(orderId: request.orderId) }
        // A refused key stays refused, even if another one has paid for the order since.
        if let decline = known.decline { return .repeatDecline(reason: decline.reason) }
        if let existing {
            guard request.asksFor(existing) else { throw .otherContents }
            return .repeatCapture(existing)
        }
        if case .declined(let reason) = Issuer.decide(token: request.token) {
            return .decline(reason: reason)
        }
        return .capture(
            Payment(
                id: Identifier.make("pay_", at: now), orderId: request.orderId,
                customerId: request.customerId, status: .captured, amount: request.amount,
                currency: request.currency, refunded: 0, refunds: [], createdAt: now))
    }
}

extension PaymentRequest {
    fileprivate func asksFor(_ payment: Payment) -> Bool {
        amount == payment.amount && currency == payment.currency && customerId == payment.customerId
    }

    fileprivate func made(_ payment: Payment, token: String) -> Bool {
        orderId == payment.orderId && asksFor(payment) && self.token == token
    }
}
