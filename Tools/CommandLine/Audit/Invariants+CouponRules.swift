import Contracts

/// Invariant 9: all discounts of a customer together: live, estimated and refunded.
extension Snapshot {
    var couponsBeyondTheirRule: [Violation] {
        struct Use: Hashable {
            var code: String
            var customer: String
        }
        let worth = redemptions.filter { $0.status == .active }.reduce(into: [String: Int]()) {
            $0[$1.orderId] = $1.discount
        }
        let confirmed = orders.filter { $0.status == .confirmed && $0.couponCode != nil && !$0.isLossByRule }
        let groups = Dictionary(grouping: confirmed) {
            Use(code: $0.couponCode ?? "?", customer: $0.customerId)
        }
        return groups.compactMap { use, orders -> Violation? in
            guard let limit = couponLimits[use.code] else { return nil }
            let given = orders.filter { $0.discount > 0 || worth[$0.id] != nil }
            guard given.count > limit else { return nil }
            let sum = given.reduce(0) { $0 + max($1.discount, worth[$1.id] ?? 0) }
            return Violation(
                use.code,
                """
                gave \(sum) to \(use.customer) in \(given.count) orders, limit \(limit): \
                \(given.map(\.id).joined(separator: ", "))
                """)
        }
        .sorted { ($0.id, $0.detail) < ($1.id, $1.detail) }
    }
}

extension OrderDocument {
    /// The discount was estimated by a rule that coupon no longer had when it was recorded; it is not taken
    /// back.
    fileprivate var isLossByRule: Bool {
        degradations.contains { degradation in
            guard degradation.effect == .couponEstimated, let outcome = degradation.outcome else {
                return false
            }
            return outcome.contains("refused") && !outcome.contains("used up")
                && !outcome.contains("coupon-used")
        }
    }
}
