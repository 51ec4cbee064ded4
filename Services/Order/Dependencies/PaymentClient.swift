import Contracts
import Resilience
import ServingPath
import Transport

/// Payment is critical: nothing is confirmed unpaid. A lost answer is *unknown*, never "failed".
struct PaymentClient: Sendable {
    /// Generous: issuers take their time, and giving up early gains nothing, since the money may have moved.
    /// One try gets what is left of the customer's second; a second one follows only a lost connection. The
    /// breaker wants much evidence: an order that isn't paid at once is worth less than one that is.
    static let protection = Protection(
        timeout: .seconds(1), attemptTimeout: .seconds(1), queueTimeout: .seconds(2),
        retry: Retry.Configuration(
            attempts: 2, backoff: Backoff(base: .milliseconds(20), cap: .milliseconds(100))),
        // 128 captures of half a second are 256 a second; the rest waits as long as its customer does. The
        // queue's 96 are as many as its three lanes of orders call at once.
        bulkhead: Bulkhead.Configuration(
            limit: 128, waiting: 1024, reserved: 32, reservedFrom: Criticality.critical.priority),
        breaker: CircuitBreaker.Configuration(
            window: .time(.seconds(3)), minimumCalls: 20, failureRate: 0.5, slowCall: .milliseconds(700),
            slowCallRate: 0.7, openDuration: .seconds(1), longestOpenDuration: .seconds(5), probes: 2,
            probeTimeout: .seconds(3)))

    struct Refund: Sendable {
        var paymentId: String
        var request: RefundRequest
        var key: String
    }

    /// Charges once an order: its id is the key. A decline is kept by it too, so a declined order needs no
    /// void.
    let capture: CriticalOperation<(order: Order, amount: Int), Payment, ProblemDocument>
    /// Refunds whatever was captured for an order, and refuses what may still arrive for it.
    let void: CriticalOperation<String, Payment, ProblemDocument>
    let refund: CriticalOperation<Refund, Payment, ProblemDocument>

    init(_ client: ServiceClient, on path: CriticalPath, protection: Protection) throws {
        let step = try path.critical(
            Declaration(
                name: "payment", criticality: .criticalPlus,
                fallback: """
                    none: the order is accepted with its stock reserved, and charged once when payment is \
                    back
                    """,
                effect: "Orders are accepted and charged later.",
                effectTranslations: ["ko": "주문은 접수되고 결제는 나중에 진행됩니다."],
                protection: protection), isReady: client.isReady)
        capture = try CriticalOperation(
            step, "capture", route: "POST /payments", isIdempotent: true, live: client.capture)
        void = try CriticalOperation(
            step, "void", route: "POST /payments/void", isIdempotent: true, live: client.void)
        refund = try CriticalOperation(
            step, "refund", route: "POST /payments/{id}/refunds", isIdempotent: true, live: client.refund)
    }
}

/// The contract of each call.
extension ServiceClient {
    fileprivate func capture(
        _ capture: (order: Order, amount: Int), _ context: CallContext
    ) async throws(CallError) -> Payment {
        let (order, amount) = capture
        let request = PaymentRequest(
            orderId: order.id, customerId: order.request.customerId, amount: amount,
            currency: order.document.currency, token: order.request.payment?.token ?? "")
        return try await call(
            "POST", "/payments", body: request, key: order.id, expecting: [201],
            refusals: ["payment-declined", "voided", "ledger-full"], in: context
        ) { (payment: Payment) in
            payment.orderId == order.id && payment.amount == amount && payment.status == .captured
        }
    }

    fileprivate func void(_ orderId: String, _ context: CallContext) async throws(CallError) -> Payment {
        let request = VoidRequest(orderId: orderId)
        return try await call("POST", "/payments/void", body: request, expecting: [200], in: context) {
            (payment: Payment) in payment.orderId == orderId && payment.status == .voided
        }
    }

    fileprivate func refund(
        _ refund: PaymentClient.Refund, _ context: CallContext
    ) async throws(CallError) -> Payment {
        try await call(
            "POST", "/payments/\(refund.paymentId)/refunds", body: refund.request, key: refund.key,
            expecting: [201], refusals: ["refund-exceeds-capture", "voided", "not-found"], in: context
        ) { (payment: Payment) in
            payment.id == refund.paymentId && payment.refunded >= refund.request.amount
        }
    }
}
