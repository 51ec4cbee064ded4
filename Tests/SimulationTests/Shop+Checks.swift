import Contracts
import TestSupport

@testable import CommandLine
@testable import OrderService

/// What must hold once everything has drained: the contract's invariants, as `csp audit` judges them, and what clients were
/// told.
extension Shop {
    /// What has happened to orders, as their timelines say: what never happens isn't tested.
    var reached: Set<String> {
        disk.rows.values.reduce(into: []) { reached, row in
            for entry in row.order.progress.timeline {
                let isTold = entry.step == "cancel" || entry.step == "repair"
                let detail = entry.detail.replacing(/[0-9]+/, with: "N")
                reached.insert(isTold ? "\(entry.step): \(detail)" : "\(entry.step) \(entry.outcome)")
            }
        }
    }

    func checkDrained() {
        checkInvariants()
        for entry in disk.queue.entries {
            judge.broken(.drained, Disk.id(entry.key), "\(Errand.allCases[entry.kind]): \(entry.state)")
        }
        for redemption in coupon.redemptions.values.sorted(by: { $0.orderId < $1.orderId }) { check(redemption) }
        checkCouponRules()
        for client in clients {
            for reply in client.told { check(reply) }
            for key in client.keys { checkKey(key) }
        }
    }

    private func checkInvariants() {
        let properties: [Int: Property] = [
            1: .terminal, 2: .paid, 3: .ledger, 4: .stock, 5: .coupons, 6: .told, 7: .noDeadLetters, 8: .repaired,
        ]
        for invariant in snapshot.invariants {
            guard let property = properties[invariant.number], let violation = invariant.violations.first else { continue }
            judge.broken(property, violation.id, violation.detail)
        }
    }

    private var snapshot: Snapshot {
        var snapshot = Snapshot()
        snapshot.orders = disk.rows.values.map(\.order.document).sorted { $0.id < $1.id }
        snapshot.payments = payment.payments.values.sorted { $0.id < $1.id }
        snapshot.ledger = Ledger(
            accounts: [
                .init(account: "cash", currency: "USD", balance: payment.cash),
                .init(account: "sales", currency: "USD", balance: -payment.cash),
            ], totals: ["USD": 0])
        snapshot.stock = inventory.stock.values.sorted { $0.sku < $1.sku }
        snapshot.reservations = inventory.reservations.values.sorted { $0.orderId < $1.orderId }
            .map { AuditedReservation(orderId: $0.orderId, status: $0.status) }
        snapshot.redemptions = coupon.redemptions.values.sorted { $0.orderId < $1.orderId }
        snapshot.couponLimits = coupon.rules.mapValues(\.limitPerCustomer)
        snapshot.notifications = notification.stored.map { AuditedNotification(orderId: $0.orderId, kind: $0.kind) }
        snapshot.dead[.order] = disk.queue.entries.filter { $0.state == .dead }.map {
            DeadMessage(
                id: "\($0.id)", kind: Errand.allCases[$0.kind].rawValue, key: Disk.id($0.key), tries: $0.tries,
                reason: "refused", createdAt: Timestamp(milliseconds: $0.created))
        }
        return snapshot
    }

    /// As a discount, or as a refund. What was estimated too high isn't taken back.
    private func check(_ redemption: Redemption) {
        guard redemption.status == .active, let order = disk.order(redemption.orderId) else { return }
        let given = order.document.discount + order.document.refunded
        let owed = order.isEstimated ? max(order.document.discount, redemption.discount) : redemption.discount
        if given != owed {
            judge.broken(.couponWorth, order.id, "\(given) given, worth \(redemption.discount)")
        }
    }

    /// What was estimated by a rule that has changed since is our loss, and isn't counted.
    private func checkCouponRules() {
        let orders = judge.claims.compactMap { disk.order($0) }.filter { $0.status == .confirmed }
        let groups = Dictionary(grouping: orders) { $0.couponKey($0.request.couponCode ?? "") }
        for (key, orders) in groups.sorted(by: { ($0.key.code, $0.key.customerId) < ($1.key.code, $1.key.customerId) }) {
            guard let limit = coupon.rules[key.code]?.limitPerCustomer else { continue }
            let used = orders.filter(hasUsedCoupon)
            if used.count > limit, let last = used.last {
                judge.broken(.couponRule, last.id, "\(used.count) uses, limit \(limit): \(story(key))")
            }
            for (place, order) in orders.enumerated() where order.isUsedUp && !hasUsedCoupon(order) {
                // What others were promised is as good, and so is what was used before anything was promised to this one.
                let earlier = used.count { used in
                    orders[..<place].contains { $0.id == used.id } || used.isSkipped || used.usedCoupon(before: order)
                }
                if earlier < limit {
                    judge.broken(
                        .couponPromise, order.id, "refused with \(earlier) earlier uses, limit \(limit): \(story(key))")
                }
            }
        }
    }

    /// In the order in which the coupon was claimed.
    private func story(_ key: CouponTurns.Key) -> String {
        let orders = judge.claims.compactMap { disk.order($0) }.filter { $0.couponKey($0.request.couponCode ?? "") == key }
        return orders.map { order in
            let outcome = order.document.degradations.compactMap(\.outcome).first { $0.contains("coupon") } ?? "-"
            let status = coupon.redemptions[order.id]?.status.rawValue ?? "-"
            return "\(order.id) \(order.status) \(order.progress.couponDecision) \(status) “\(outcome)”"
        }
        .joined(separator: ", ")
    }

    private func hasUsedCoupon(_ order: Order) -> Bool {
        coupon.redemptions[order.id]?.status == .active || (order.isUsedUp && order.document.discount > 0)
    }

    private func check(_ reply: OrderProcess.Reply) {
        switch reply {
        case .order(let status, let id, let total):
            guard let order = disk.order(id) else { return judge.broken(.clientTold, id, "told \(status), and isn't there") }
            if status.isTerminal, order.status != status {
                judge.broken(.clientTold, id, "told \(status), and is \(order.status)")
            }
            if let total, order.document.total != total {
                judge.broken(.clientTold, id, "told \(total), and costs \(order.document.total ?? -1)")
            }
        case .problem(_, let code, let id?):
            let expected: OrderStatus = code == "order-cancelled" ? .cancelled : .rejected
            let status = disk.order(id)?.status
            if status != expected { judge.broken(.clientTold, id, "told \(code), and is \(status?.rawValue ?? "gone")") }
        case .problem: break
        }
    }

    /// Only the last order of a key may be more than a record that nothing was done.
    private func checkKey(_ key: String) {
        let orders = disk.rows.values.filter { $0.key == key }.map(\.order).sorted {
            $0.document.createdAt < $1.document.createdAt
        }
        for order in orders where orders.count > 1 && disk.byKey[key] != order.id {
            if order.progress.refusal?.status != 503 || judge.everCaptured(order.id) {
                judge.broken(.oneOrderAKey, order.id, "\(orders.count) orders have \(key), and this one is more than a record")
            }
        }
    }
}

extension Order {
    /// It redeemed while it wasn't known yet that the other would have to do without.
    fileprivate func usedCoupon(before other: Order) -> Bool {
        guard let redeemed = progress.timeline.first(where: { $0.step == "redeem" && $0.outcome == "done" }),
            let promised = other.progress.timeline.last(where: { $0.step == "redeem" && $0.outcome == "degraded" })
        else { return false }
        return redeemed.at < promised.at
    }

    fileprivate var isUsedUp: Bool { document.degradations.contains { $0.outcome?.contains("coupon-used") == true } }
    fileprivate var isSkipped: Bool { document.degradations.contains { $0.effect == .couponSkipped } }
}
