import Contracts
import Resilience
import ServingPath
import Transport

/// Payment is critical: nothing is confirmed unpaid. Its calls throw, and a lost answer is *unknown*, never
/// "failed".
struct PaymentClient: Sendable {
    /// Generous: issuers take their time, and giving up early gains nothing, since the money may have moved.
    /// One try gets all that is left of the customer's second; a second one follows only a failure that comes
    /// at once (a lost connection). The breaker wants much evidence: an order that isn't paid at once is
    /// worth less than one that is. Half of the calls of 3 s have failed 2 s after the last good answer, for
    /// each takes a second to fail; over 5 s that would take the 3 s after which customers are to feel
    /// nothing any more.
    static let protection = Protection(
        timeout: .seconds(1), attemptTimeout: .seconds(1), queueTimeout: .seconds(2),
        retry: Retry.Configuration(
            attempts: 2, backoff: Backoff(base: .milliseconds(20), cap: .milliseconds(100))),
        // 128 captures of half a second each are 256 a second, more than this shop sells; the rest waits its
        // turn, as long as its customer does. The queue's calls have bulkheads of their own, of 96: as many
        // as its three lanes of orders make at once.
        bulkhead: Bulkhead.Configuration(
            limit: 128, waiting: 1024, reserved: 32, reservedFrom: Criticality.critical.priority),
        breaker: CircuitBreaker.Configuration(
            window: .time(.seconds(3)), minimumCalls: 20, failureRate: 0.5, slowCall: .milliseconds(700),
            slowCallRate: 0.7,
            openDuration: .seconds(1), longestOpenTime: .seconds(5), probes: 2, probeTimeout: .seconds(3)))

    private struct Refund: Sendable {
        var paymentId: String
        var amount: Int
        var reason: String
        var key: String
    }

    private let capturing: CriticalOperation<(order: Order, amount: Int), Payment, ProblemDocument>
    private let voiding: CriticalOperation<String, Payment, ProblemDocument>
    private let refunding: CriticalOperation<Refund, Payment, ProblemDocument>

    init(_ client: ServiceClient, on path: CriticalPath, protection: Protection) throws {
        let step = try path.critical(
            Declaration(
                name: "payment", criticality: .criticalPlus,
                fallback:
                    "none: the order is accepted with its stock reserved, and charged once when payment is back",
                effect: "202 accepted; confirmed or cancelled later, and the customer is told",
                protection: protection)
        ) { await client.isReady(by: $0) }
        capturing = try CriticalOperation(step, "capture", route: "POST /payments", isIdempotent: true) {
            request, context async throws(CallError) in
            let order = request.order
            let body = PaymentRequest(
                orderId: order.id, customerId: order.request.customerId, amount: request.amount,
                currency: order.document.currency, token: order.request.payment?.token ?? "")
            let payment: Payment = try await client.call(
                "POST", "/payments", body: body, key: order.id, expecting: [201],
                refusals: ["payment-declined", "voided", "ledger-full"], in: context)
            guard payment.orderId == order.id, payment.amount == request.amount, payment.status == .captured
            else {
                throw .unavailable(.invalidAnswer)
            }
            return payment
        }
        voiding = try CriticalOperation(step, "void", route: "POST /payments/void", isIdempotent: true) {
            orderId, context async throws(CallError) in
            let voided: Payment = try await client.call(
                "POST", "/payments/void", body: VoidRequest(orderId: orderId), expecting: [200], in: context)
            guard voided.orderId == orderId, voided.status == .voided else {
                throw .unavailable(.invalidAnswer)
            }
            return voided
        }
        refunding = try CriticalOperation(
            step, "refund", route: "POST /payments/{id}/refunds", isIdempotent: true
        ) {
            refund, context async throws(CallError) in
            let payment: Payment = try await client.call(
                "POST", "/payments/\(refund.paymentId)/refunds",
                body: RefundRequest(amount: refund.amount, reason: refund.reason), key: refund.key,
                expecting: [201],
                refusals: ["refund-exceeds-capture", "voided", "not-found"], in: context)
            guard payment.id == refund.paymentId, payment.refunded >= refund.amount else {
                throw .unavailable(.invalidAnswer)
            }
            return payment
        }
    }

    /// Charges once an order: its id is the key. Payment keeps a decline by that key too: whichever try of
    /// several comes first there decides for all, so that a declined order needs no void.
    func capture(_ order: Order, amount: Int, for caller: Caller) async throws(CallError) -> Payment {
        try await capturing.call((order, amount), for: caller)
    }

    /// Refunds whatever was captured for the order, and refuses what may still arrive for it.
    func void(orderId: String, for caller: Caller) async throws(CallError) -> Payment {
        try await voiding.call(orderId, for: caller)
    }

    func refund(
        paymentId: String, amount: Int, reason: String, key: String, for caller: Caller
    ) async throws(CallError) -> Payment {
        try await refunding.call(
            Refund(paymentId: paymentId, amount: amount, reason: reason, key: key), for: caller)
    }
}
