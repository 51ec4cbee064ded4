import Contracts

/// Invariants 5 and 6.
extension Snapshot {
    var couponViolations: [Violation] {
        let active = redemptions.filter { $0.status == .active }
        let confirmed = Set(orders.filter { $0.status == .confirmed }.map(\.id))
        let known = Set(orders.map(\.id))
        let strays = active.filter { use in
            known.contains(use.orderId) ? !confirmed.contains(use.orderId) : !mayBeDeleted(use.orderId)
        }
        .map { Violation($0.orderId, "uses coupon \($0.code ?? "?") and is not a confirmed order") }
        let doubled = Dictionary(grouping: active, by: \.orderId).filter { $0.value.count > 1 }
            .map { Violation($0.key, "has \($0.value.count) active redemptions") }
        return strays + doubled.sorted { $0.id < $1.id } + overLimit(active)
    }

    private func overLimit(_ active: [Redemption]) -> [Violation] {
        struct Use: Hashable {
            var code: String
            var customer: String
        }
        let uses = Dictionary(grouping: active) { Use(code: $0.code ?? "?", customer: $0.customerId ?? "?") }
        return uses.compactMap { use, redemptions -> Violation? in
            guard let limit = couponLimits[use.code] else {
                return Violation(use.code, "was used and is not known")
            }
            guard redemptions.count > limit else { return nil }
            return Violation(use.code, "used \(redemptions.count) times by \(use.customer), limit \(limit)")
        }
        .sorted { ($0.id, $0.detail) < ($1.id, $1.detail) }
    }

    var notificationViolations: [Violation] {
        struct Message: Hashable {
            var orderId: String
            var kind: NotificationKind
        }
        let told = notifications.reduce(into: [Message: Int]()) {
            $0[Message(orderId: $1.orderId, kind: $1.kind), default: 0] += 1
        }
        let refunds = payments.reduce(into: [String: Int]()) {
            $0[$1.orderId, default: 0] += $1.refunds.count
        }
        // Payment knows no refund of an order that cost nothing.
        func expected(_ order: OrderDocument) -> Int {
            refunds[order.id, default: 0] + order.refunds.count { $0.amount == 0 && $0.outcome == nil }
        }
        func check(_ order: OrderDocument, _ kind: NotificationKind, _ expected: Int) -> Violation? {
            let count = told[Message(orderId: order.id, kind: kind)] ?? 0
            if count == expected || (count < expected && mayLackNotifications(order)) { return nil }
            return Violation(order.id, "has \(count) notifications \(kind.rawValue), not \(expected)")
        }
        return orders.flatMap { order -> [Violation] in
            switch order.status {
            case .confirmed:
                [check(order, .orderConfirmed, 1), check(order, .orderRefunded, expected(order))].compactMap {
                    $0
                }
            case .cancelled: [check(order, .orderCancelled, 1)].compactMap { $0 }
            case .placing, .accepted, .rejected: []
            }
        }
    }
}
