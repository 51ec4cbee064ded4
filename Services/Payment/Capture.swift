import Contracts
import GRDB
import Resilience
import Storage
import Transport

/// Captures an order's total: once an order id, whatever is retried.
struct Capture: Sendable {
    struct Captured: Sendable {
        var payment: Payment
        var isReplayed: Bool
    }

    private enum Outcome: Sendable {
        case captured(Captured)
        case declined(reason: String)
    }

    let store: Store
    let time: TimeSource
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``Problem``: 402 when declined, 409 when the order was voided, 422 for a key or an order id that comes
    ///   again with other contents.
    func callAsFunction(_ request: PaymentRequest, key: String) async throws -> Captured {
        let now = wall()
        let outcome = try await store.write("capture") { try Self.decide($0, request, key: key, at: now) }
        switch outcome {
        case .declined(let reason):
            throw Problem.declined(reason: reason)
        case .captured(let captured):
            if !captured.isReplayed, case .approvedSlowly(let delay) = Issuer.decide(token: request.token) {
                await Admission.outside { try? await time.sleep(delay) }
            }
            return captured
        }
    }

    private static func decide(_ database: Database, _ request: PaymentRequest, key: String, at now: Timestamp) throws
        -> Outcome
    {
        let used = try PaymentStore.record(database, key: key)
        let decline = try PaymentStore.decline(database, key: key)
        guard used.map(request.asks) ?? true, decline.map({ $0.request == request }) ?? true else {
            throw Problem.idempotencyKeyReused
        }
        let existing = try used ?? PaymentStore.record(database, orderId: request.orderId)
        if existing?.payment.status == .voided { throw Problem.voided(orderId: request.orderId) }
        // A refused key stays refused, even if another one has paid for the order since.
        if let decline { return .declined(reason: decline.reason) }
        if let payment = existing?.payment { return try .captured(again(request, payment)) }
        if case .declined(let reason) = Issuer.decide(token: request.token) {
            try PaymentStore.insert(database, PaymentStore.Decline(request: request, reason: reason), key: key)
            return .declined(reason: reason)
        }
        let payment = Payment(
            id: Identifier.make("pay_", at: now), orderId: request.orderId, customerId: request.customerId,
            status: .captured, amount: request.amount, currency: request.currency, refunded: 0, refunds: [], createdAt: now)
        try PaymentStore.insert(database, payment, token: request.token, key: key)
        return .captured(Captured(payment: payment, isReplayed: false))
    }

    private static func again(_ request: PaymentRequest, _ payment: Payment) throws -> Captured {
        guard payment.amount == request.amount, payment.currency == request.currency,
            payment.customerId == request.customerId
        else { throw Problem.contentsDiffer("Another amount, currency or customer was captured for this order.") }
        return Captured(payment: payment, isReplayed: true)
    }
}

extension PaymentRequest {
    /// Whether this is the request that made the payment.
    fileprivate func asks(for record: PaymentStore.Record) -> Bool {
        orderId == record.payment.orderId && customerId == record.payment.customerId && amount == record.payment.amount
            && currency == record.payment.currency && token == record.token
    }
}

extension Problem {
    static func declined(reason: String) -> Problem {
        Problem(
            ProblemDocument(
                status: 402, code: "payment-declined", title: "The payment was declined", detail: "The issuer says: \(reason).",
                reason: reason))
    }
}
