import Contracts
import Foundation
import Resilience
import ServingPath
import Transport

/// Coupon is optional: its calls can't throw, so that no outage of it can fail an order. Instead the last
/// known rule counts where it may, else the customer's choice (`ifCouponUnavailable`).
struct CouponClient: Sendable {
    /// Aggressive: a redemption takes 2 to 5 ms, and a customer loses little by ordering without it and
    /// getting the difference back. So a try is given up after 200 ms, and the breaker opens on little
    /// evidence: ten calls, a third of them failed.
    static let protection = Protection(
        timeout: .milliseconds(200), attemptTimeout: .milliseconds(200), queueTimeout: .seconds(2),
        // One more, for a connection that the other end has just closed.
        retry: Retry.Configuration(
            attempts: 2, backoff: Backoff(base: .milliseconds(5), cap: .milliseconds(20))),
        // At 1,000 orders/s and 5 ms five calls are under way. A crowd at one instant waits a moment, and no
        // longer.
        bulkhead: Bulkhead.Configuration(
            limit: 64, waiting: 512, longestWait: .milliseconds(50), reserved: 16,
            reservedFrom: Criticality.critical.priority),
        breaker: CircuitBreaker.Configuration(
            window: .time(.seconds(5)), minimumCalls: 10, failureRate: 0.33, slowCall: .milliseconds(150),
            slowCallRate: 0.6,
            openDuration: .seconds(1), longestOpenTime: .seconds(5), probes: 2, probeTimeout: .seconds(3)))

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
    private let redeeming: OptionalOperation<(order: Order, code: String), Redeeming>
    private let rules: OptionalOperation<String, Rule>
    private let listing: OptionalOperation<String?, Page<Coupon>>
    private let releasing: OptionalOperation<String, Redemption>
    private let reconciling: OptionalOperation<ReconciliationRequest, ReconciliationAnswer>

    init(
        _ client: ServiceClient, on path: CriticalPath, protection: Protection,
        cached: DependencyCache<Coupon>
    ) throws {
        self.cached = cached
        let step = try path.optional(
            Declaration(
                name: "coupon", criticality: .sheddablePlus,
                fallback:
                    "the discount by the last known rule where that may be honoured offline; else the order goes on "
                    + "without the coupon, or is refused where the customer asked for that",
                effect: "a small discount all the same; a large one is refunded when coupon is back",
                protection: protection))
        redeeming = try OptionalOperation(step, "redeem", route: "POST /redemptions", isIdempotent: true) {
            request, context async throws(Unavailability) in
            try await Self.redeem(request.order, code: request.code, client, context)
        } fallback: { _, _ in
            .absent
        }
        rules = try OptionalOperation(step, "rule", route: "GET /coupons/{code}", isIdempotent: true) {
            code, context async throws(Unavailability) in
            try await Self.rule(code, client, context)
        } fallback: { code, _ in
            cached.lookup(code).map { .cached(.known($0.value), age: $0.age) } ?? .absent
        }
        listing = try OptionalOperation(step, "list", route: "GET /coupons", isIdempotent: true) {
            cursor, context async throws(Unavailability) in
            try await Self.list(after: cursor, client, context)
        } fallback: { _, _ in
            .absent
        }
        releasing = try OptionalOperation(
            step, "release", route: "POST /redemptions/{orderId}/release", isIdempotent: true
        ) {
            orderId, context async throws(Unavailability) in
            try await Self.release(orderId: orderId, client, context)
        } fallback: { _, _ in
            .absent
        }
        // Without a route, so that the drill doesn't break it alone: it is asked only after a loss.
        reconciling = try OptionalOperation(step, "reconcile", isIdempotent: true) {
            request, context async throws(Unavailability) in
            try await Self.reconcile(request, client, context)
        } fallback: { _, _ in
            .absent
        }
    }

    /// Redeems once an order, however often it is asked. After a timeout, whether it was redeemed is unknown.
    func redeem(_ order: Order, code: String, for caller: Caller) async -> Served<Redeeming> {
        await redeeming.call((order, code), for: caller)
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

    /// A page of all rules, for when they can't be had; nil where they can't be had now.
    func rules(after cursor: String?) async -> Page<Coupon>? { await listing.call(cursor, for: .queue).value }

    func release(orderId: String, for caller: Caller) async -> Served<Redemption> {
        await releasing.call(orderId, for: caller)
    }

    /// Tells what is known here of a stretch of the orders; nil where coupon can't be told now.
    func reconcile(_ request: ReconciliationRequest) async -> ReconciliationAnswer? {
        await reconciling.call(request, for: .queue).value
    }

    private static func redeem(
        _ order: Order, code: String, _ client: ServiceClient, _ context: CallContext
    ) async throws(Unavailability) -> Redeeming {
        do throws(CallError) {
            let redemption: Redemption = try await client.call(
                "POST", "/redemptions", body: order.redemption(of: code), expecting: [201],
                refusals: ["coupon-refused", "coupon-used", "contents-differ", "voided"],
                in: context)
            guard redemption.orderId == order.id, redemption.code == code, redemption.status == .active,
                (0...(order.document.subtotal ?? 0)).contains(redemption.discount)
            else { throw .unavailable(.invalidAnswer) }
            return .redeemed(discount: redemption.discount)
        } catch {
            switch error {
            case .refused(let problem): return problem.code == "voided" ? .voided : .refused(problem)
            case .unavailable(let reason): throw reason
            }
        }
    }

    private static func rule(
        _ code: String, _ client: ServiceClient, _ context: CallContext
    ) async throws(Unavailability) -> Rule {
        let path = code.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? code
        do throws(CallError) {
            let coupon: Coupon = try await client.call(
                "GET", "/coupons/\(path)", expecting: [200], refusals: ["not-found"], in: context)
            guard coupon.code == code, coupon.amountOff >= 0 else { throw .unavailable(.invalidAnswer) }
            return .known(coupon)
        } catch {
            switch error {
            case .refused: return .unknown
            case .unavailable(let reason): throw reason
            }
        }
    }

    private static func list(
        after cursor: String?, _ client: ServiceClient, _ context: CallContext
    ) async throws(Unavailability) -> Page<Coupon> {
        let cursor = cursor.flatMap { $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) }
        do throws(CallError) {
            // A coupon for a thousand SKUs has 10 KB, and an answer may have a megabyte.
            var page: Page<Coupon> = try await client.call(
                "GET", "/coupons?limit=100" + (cursor.map { "&cursor=\($0)" } ?? ""), expecting: [200],
                in: context)
            page.items.removeAll { $0.amountOff < 0 }
            return page
        } catch {
            switch error {
            case .refused: throw .invalidAnswer
            case .unavailable(let reason): throw reason
            }
        }
    }

    private static func release(
        orderId: String, _ client: ServiceClient, _ context: CallContext
    ) async throws(Unavailability) -> Redemption {
        do throws(CallError) {
            let redemption: Redemption = try await client.call(
                "POST", "/redemptions/\(orderId)/release", expecting: [200], in: context)
            guard redemption.orderId == orderId, redemption.status == .released else {
                throw .unavailable(.invalidAnswer)
            }
            return redemption
        } catch {
            switch error {
            case .refused: throw .invalidAnswer
            case .unavailable(let reason): throw reason
            }
        }
    }

    private static func reconcile(
        _ request: ReconciliationRequest, _ client: ServiceClient, _ context: CallContext
    ) async throws(Unavailability) -> ReconciliationAnswer {
        do throws(CallError) {
            return try await client.call(
                "POST", "/reconciliation", body: request, expecting: [200], in: context)
        } catch {
            switch error {
            case .refused: throw .invalidAnswer
            case .unavailable(let reason): throw reason
            }
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
