import Contracts

@testable import CommandLine
@testable import OrderService

/// What must hold once everything has drained: the contract's invariants, as `csp audit` judges them, and what clients were
/// told.
extension Shop {
    func checkDrained() {
        checkInvariants()
        for entry in disk.queue.entries { judge.broken(.drained, entry.key, "\(entry.kind): \(entry.state)") }
        for client in clients {
            for reply in client.told { check(reply) }
            checkKey(client.key)
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
            accounts: [.init(account: "cash", balance: payment.cash), .init(account: "sales", balance: -payment.cash)],
            total: 0)
        snapshot.stock = inventory.stock.values.sorted { $0.sku < $1.sku }
        snapshot.reservations = inventory.reservations.values.sorted { $0.orderId < $1.orderId }
        snapshot.redemptions = coupon.redemptions.values.sorted { $0.orderId < $1.orderId }
        snapshot.couponLimits = coupon.limits
        snapshot.notifications = notification.stored
        snapshot.dead[.order] = disk.queue.entries.filter { $0.state == .dead }.map {
            DeadMessage(
                id: "\($0.id)", kind: $0.kind, key: $0.key, tries: $0.tries, reason: $0.reason ?? "",
                createdAt: Timestamp(milliseconds: $0.createdAt))
        }
        return snapshot
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
        let orders = disk.rows.values.filter { $0.key == key }.map(\.order).sorted { $0.document.createdAt < $1.document.createdAt }
        for order in orders where orders.count > 1 && disk.byKey[key] != order.id {
            if order.progress.refusal?.status != 503 || judge.everCaptured(order.id) {
                judge.broken(.oneOrderAKey, order.id, "\(orders.count) orders have \(key), and this one is more than a record")
            }
        }
    }
}
