import Contracts
import Mutants

/// What becomes of a request to redeem, by what is known of its order and its customer.
struct RedemptionDecision: Sendable {
    var redemption: Redemption
    /// False: the order has it already.
    var isNew: Bool

    struct Known: Sendable {
        /// The order's, with its basket.
        var earlier: (redemption: Redemption, items: [PricedItem])?
        var isReconciling: Bool
        /// How often the customer uses the coupon now.
        var uses: Int
    }

    /// - Parameters:
    ///   - items: the request's, merged.
    ///   - rule: nil for a code that is unknown.
    static func decide(
        _ request: RedemptionRequest, _ items: [PricedItem], by rule: CouponRule?, _ known: Known,
        at now: Timestamp
    ) throws(CouponError) -> RedemptionDecision {
        if let earlier = known.earlier {
            return RedemptionDecision(redemption: try again(earlier, request, items), isNew: false)
        }
        guard !known.isReconciling else { throw .reconciling }
        func refused(_ refusal: CouponRefusal) -> CouponError { .refused(refusal, code: request.code) }
        guard let rule else { throw refused(.unknown) }
        guard !rule.isExpired(at: request.at) else { throw refused(.expired) }
        guard let discount = rule.discount(on: items) else { throw refused(.notEligible) }
        guard known.uses < rule.coupon.limitPerCustomer || Mutant.isOn(.couponForgetsLimits) else {
            throw refused(.usedUp)
        }
        let redemption = Redemption(
            orderId: request.orderId, customerId: request.customerId, code: rule.coupon.code,
            discount: discount, status: .active, at: now)
        return RedemptionDecision(redemption: redemption, isNew: true)
    }

    /// The answer to an order id that was seen before. `at` isn't held against it: the moment that came first
    /// counts.
    private static func again(
        _ earlier: (redemption: Redemption, items: [PricedItem]), _ request: RedemptionRequest,
        _ items: [PricedItem]
    ) throws(CouponError) -> Redemption {
        guard earlier.redemption.status == .active else { throw .voided(orderId: request.orderId) }
        guard earlier.redemption.code == request.code, earlier.redemption.customerId == request.customerId,
            earlier.items == items
        else { throw .otherContents(orderId: request.orderId) }
        return earlier.redemption
    }
}

extension [PricedItem] {
    /// One line a SKU and price, in an order that doesn't depend on the basket's.
    var merged: [PricedItem] {
        let lines = map { (PricedLine(sku: $0.sku, unitPrice: $0.unitPrice), $0.quantity) }
        return Dictionary(lines, uniquingKeysWith: +)
            .map { PricedItem(sku: $0.key.sku, quantity: $0.value, unitPrice: $0.key.unitPrice) }
            .sorted { ($0.sku, $0.unitPrice) < ($1.sku, $1.unitPrice) }
    }
}

private struct PricedLine: Hashable {
    var sku: String
    var unitPrice: Int
}
