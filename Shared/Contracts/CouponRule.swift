/// How a coupon's discount is computed: the one rule, for the coupon service and for an order that can't ask
/// it.
package struct CouponRule: Sendable {
    package let coupon: Coupon
    private let eligible: Set<String>

    package init(_ coupon: Coupon) {
        self.coupon = coupon
        eligible = Set(coupon.eligibleSkus)
    }

    package func isExpired(at time: Timestamp) -> Bool { coupon.validUntil.map { time > $0 } ?? false }

    /// What it takes off: `amountOff`, at most the subtotal of the eligible lines; nil where no line is
    /// eligible.
    package func discount(on items: [PricedItem]) -> Int? {
        let lines = items.filter { eligible.contains($0.sku) }
        // Capped at each line, so that no basket overflows, however dear.
        return lines.isEmpty
            ? nil : lines.reduce(0) { min(coupon.amountOff, $0 + $1.quantity * $1.unitPrice) }
    }

    /// The discount that may be honoured without asking the coupon service; nil where it has to be asked. Nil
    /// is never a refusal: the rule may have changed.
    package func offlineDiscount(on items: [PricedItem], at time: Timestamp) -> Int? {
        coupon.offline && !isExpired(at: time) ? discount(on: items) : nil
    }
}
