import Contracts
import Resilience
import ServingPath
import Transport

/// Coupon is optional: its calls can't throw, so that no outage of it can fail an order. Instead the last
/// known rule counts where it may, else the customer's choice (`ifCouponUnavailable`).
struct CouponClient: Sendable {
    /// Aggressive: a redemption takes 2 to 5 ms, and a customer who orders without it gets the difference
    /// back. So a try ends after 200 ms, and the breaker opens on little evidence.
    static let protection = Protection(
        timeout: .milliseconds(200), attemptTimeout: .milliseconds(200), queueTimeout: .seconds(2),
        // The second is for a connection that the other end has just closed.
        retry: Retry.Configuration(
            attempts: 2, backoff: Backoff(base: .milliseconds(5), cap: .milliseconds(20))),
        // At 1,000 orders/s and 5 ms five calls are under way. A crowd at one instant waits a moment.
        bulkhead: Bulkhead.Configuration(
            limit: 64, waiting: 512, longestWait: .milliseconds(50), reserved: 16,
            reservedFrom: Criticality.critical.priority),
        breaker: CircuitBreaker.Configuration(
            window: .time(.seconds(5)), minimumCalls: 10, failureRate: 0.33, slowCall: .milliseconds(150),
            slowCallRate: 0.6, openDuration: .seconds(1), longestOpenDuration: .seconds(5), probes: 2,
            probeTimeout: .seconds(3)))

    enum Redeeming: Sendable {
        case redeemed(discount: Int)
        case refused(ProblemDocument)
        case voided
    }

    enum Rule: Sendable {
        case known(Coupon)
        case unknown
    }

    /// The rules, for when coupon can't be asked.
    let cached: DependencyCache<Coupon>
    /// Redeems once an order, however often it is asked. After a timeout the outcome is unknown.
    let redeem: OptionalOperation<(order: Order, code: String), Redeeming>
    private let rules: OptionalOperation<String, Rule>
    /// A page of all rules past a cursor.
    let list: OptionalOperation<String?, Page<Coupon>>
    /// Releases an order's redemption, by the order's id.
    let release: OptionalOperation<String, Redemption>
    /// Tells what is known here of a stretch of the orders.
    let reconcile: OptionalOperation<ReconciliationRequest, ReconciliationAnswer>

    init(
        _ client: ServiceClient, on path: CriticalPath, protection: Protection,
        cached: DependencyCache<Coupon>
    ) throws {
        self.cached = cached
        let step = try path.optional(
            Declaration(
                name: "coupon", criticality: .sheddablePlus,
                fallback: """
                    the discount by the last known rule where that may be honoured offline; else the order \
                    goes on without the coupon, or is refused where the customer asked for that
                    """,
                effect: "Small coupons are taken off by the last known rule; larger ones are refunded later.",
                effectTranslations: [
                    "ko": "소액 쿠폰은 마지막으로 확인한 규칙으로 바로 할인되고, 더 큰 쿠폰은 나중에 환불됩니다."
                ],
                protection: protection))
        redeem = try OptionalOperation(
            step, "redeem", route: "POST /redemptions", isIdempotent: true, live: client.redeem,
            fallback: { _, _ in .absent })
        rules = try OptionalOperation(
            step, "rule", route: "GET /coupons/{code}", isIdempotent: true, live: client.rule,
            fallback: { code, _ in
                cached.lookup(code).map { .cached(.known($0.value), age: $0.age) } ?? .absent
            })
        list = try OptionalOperation(
            step, "list", route: "GET /coupons", isIdempotent: true, live: client.coupons,
            fallback: { _, _ in .absent })
        release = try OptionalOperation(
            step, "release", route: "POST /redemptions/{orderId}/release", isIdempotent: true,
            live: client.release, fallback: { _, _ in .absent })
        // Without a route, so that the drill doesn't break it alone: it is asked only after a loss.
        reconcile = try OptionalOperation(
            step, "reconcile", isIdempotent: true, live: client.reconcile, fallback: { _, _ in .absent })
    }

    /// A live answer is remembered.
    func rule(_ code: String, for caller: Caller) async -> Served<Rule> {
        let rule = await rules.call(code, for: caller)
        switch rule {
        case .live(.known(let coupon)): cached.store(coupon)
        case .live(.unknown): cached.remove(code)
        case .cached, .computed, .absent: break
        }
        return rule
    }
}

/// The contract of each call.
extension ServiceClient {
    fileprivate func redeem(
        _ request: (order: Order, code: String), _ context: CallContext
    ) async throws(Unavailability) -> CouponClient.Redeeming {
        let (order, code) = request
        return try await optional {
            () async throws(CallError) in
            let redemption: Redemption = try await call(
                "POST", "/redemptions", body: order.redemption(of: code), expecting: [201],
                refusals: ["coupon-refused", "coupon-used", "contents-differ", "voided"], in: context
            ) {
                $0.orderId == order.id && $0.code == code && $0.status == .active
                    && (0...(order.document.subtotal ?? 0)).contains($0.discount)
            }
            return .redeemed(discount: redemption.discount)
        } refused: {
            $0.code == "voided" ? .voided : .refused($0)
        }
    }

    fileprivate func rule(
        _ code: String, _ context: CallContext
    ) async throws(Unavailability) -> CouponClient.Rule {
        try await optional {
            () async throws(CallError) in
            let path = "/coupons/\(code.percentEncoded)"
            return .known(
                try await call("GET", path, expecting: [200], refusals: ["not-found"], in: context) {
                    $0.code == code && $0.amountOff >= 0
                })
        } refused: { _ in
            .unknown
        }
    }

    fileprivate func coupons(
        after cursor: String?, _ context: CallContext
    ) async throws(Unavailability) -> Page<Coupon> {
        // A coupon for a thousand SKUs has 10 KB, and an answer may have a megabyte.
        let path = "/coupons?limit=100" + (cursor.map { "&cursor=\($0.percentEncoded)" } ?? "")
        var page: Page<Coupon> = try await optional {
            () async throws(CallError) in try await call("GET", path, expecting: [200], in: context)
        }
        page.items.removeAll { $0.amountOff < 0 }
        return page
    }

    fileprivate func release(
        _ orderId: String, _ context: CallContext
    ) async throws(Unavailability) -> Redemption {
        try await optional {
            () async throws(CallError) in
            try await call("POST", "/redemptions/\(orderId)/release", expecting: [200], in: context) {
                $0.orderId == orderId && $0.status == .released
            }
        }
    }

    fileprivate func reconcile(
        _ request: ReconciliationRequest, _ context: CallContext
    ) async throws(Unavailability) -> ReconciliationAnswer {
        try await optional {
            () async throws(CallError) in
            try await call("POST", "/reconciliation", body: request, expecting: [200], in: context)
        }
    }
}

extension Order {
    /// The same each time that it is asked for.
    func redemption(of code: String) -> RedemptionRequest {
        RedemptionRequest(
            orderId: id, customerId: request.customerId, code: code, at: document.createdAt,
            items: pricedItems)
    }
}
