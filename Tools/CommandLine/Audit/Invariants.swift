import Contracts

/// The contract's invariants (§7), each a pure function over what was read.
extension Snapshot {
    var invariants: [Invariant] {
        [
            Invariant(1, "every order is in a terminal state", ordersNotTerminal),
            Invariant(2, "every confirmed order is paid once, and no other keeps money", paymentViolations),
            Invariant(
                3, "the ledger sums to 0, and its cash is what was captured less refunds", ledgerViolations),
            Invariant(4, "stock adds up, and nothing stays reserved or is oversold", stockViolations),
            Invariant(
                5, "coupons stay within their limits, and only confirmed orders use them", couponViolations),
            Invariant(6, "every customer was told exactly once", notificationViolations),
            Invariant(7, "there are no dead letters", deadLetters),
            Invariant(8, "everything that was degraded is made good", unrepaired),
            Invariant(9, "no customer has more of a coupon than its rule allows", couponsBeyondTheirRule),
            Invariant(10, "no store is older than what other services have seen of it", olderStores),
        ]
    }

    private var ordersNotTerminal: [Violation] {
        orders.filter { !$0.status.isTerminal }.map { Violation($0.id, "is still \($0.status)") }
    }

    private var paymentViolations: [Violation] {
        // A void before the capture leaves a tombstone of amount 0, which is no payment.
        let byOrder = Dictionary(grouping: payments.filter { $0.amount > 0 }, by: \.orderId)
        let known = Set(orders.map(\.id))
        let orphans = byOrder.keys.filter { !known.contains($0) && !mayBeDeleted($0) }.sorted().map {
            Violation($0, "has a payment but is no order")
        }
        return orders.flatMap { order in
            let paid = byOrder[order.id] ?? []
            return order.status == .confirmed
                ? violations(confirmed: order, paid) : violations(unconfirmed: order, paid)
        } + orphans
    }

    private func violations(confirmed order: OrderDocument, _ paid: [Payment]) -> [Violation] {
        guard let total = order.total else { return [Violation(order.id, "is confirmed without a total")] }
        guard total > 0 else {
            return paid.isEmpty ? [] : [Violation(order.id, "costs nothing and has a payment")]
        }
        guard paid.count == 1, let payment = paid.first else {
            return [Violation(order.id, "has \(paid.count) payments, not one")]
        }
        guard payment.amount == total else {
            return [Violation(order.id, "paid \(payment.amount) for a total of \(total)")]
        }
        guard payment.refunded == order.refunded else {
            return [Violation(order.id, "says refunded \(order.refunded), its payment \(payment.refunded)")]
        }
        guard order.pending.isEmpty, order.refunds.allSatisfy(\.pending.isEmpty) else {
            return [Violation(order.id, "has a refund that is still under way")]
        }
        return []
    }

    private func violations(unconfirmed order: OrderDocument, _ paid: [Payment]) -> [Violation] {
        paid.filter { $0.amount != $0.refunded }.map {
            Violation(
                order.id, "is \(order.status), yet \($0.amount) were captured and \($0.refunded) refunded")
        }
    }

    private var deadLetters: [Violation] {
        ServiceName.allCases.flatMap { name in
            (dead[name] ?? []).map {
                Violation($0.key, "\(name): \($0.kind) given up after \($0.tries) tries: \($0.reason)")
            }
        }
    }

    private var unrepaired: [Violation] {
        orders.flatMap { order in
            order.degradations.filter { $0.repair != .none && !$0.repaired }.map {
                Violation(order.id, "\($0.effect.rawValue) still waits for \($0.repair.rawValue)")
            }
        }
    }
}
