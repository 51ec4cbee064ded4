import Contracts
import Transport

/// What a confirmed order gives back: money, and goods.
extension Order {
    /// What may still be refunded: of what was captured, less what was refunded, or is about to be.
    var refundable: Int {
        let underWay = document.refunds.filter { $0.pending.contains("payment") }.reduce(0) { $0 + $1.amount }
        return max(0, (document.total ?? 0) - document.refunded - underWay)
    }

    /// Pieces by SKU that are the customer's: what was bought, less what went back.
    var kept: [String: Int] {
        let bought = Dictionary(document.items.map { ($0.sku, $0.quantity) }) { $0 + $1 }
        return document.refunds.flatMap(\.items).reduce(into: bought) {
            $0[$1.sku, default: 0] -= $1.quantity
        }
    }

    /// At most what may be refunded; nil `amount`: what was paid for the items, or the whole rest without
    /// any.
    func refund(
        id: String, _ cause: OrderRefund.Cause, amount: Int? = nil, items: [ItemQuantity], reason: String,
        at now: Timestamp
    ) -> OrderRefund {
        let wanted = amount ?? (items.isEmpty ? refundable : paid(for: items))
        let amount = min(wanted, refundable)
        return OrderRefund(
            id: id, cause: cause, amount: amount, reason: reason, items: items,
            pending: (items.isEmpty ? [] : ["inventory"]) + (amount > 0 ? ["payment"] : []), at: now)
    }

    /// Whether other refunds leave less than the order owes, and payment may still refuse them.
    func waitsForRefunds(toRefund owed: Int) -> Bool {
        owed > refundable && document.refunds.contains { $0.pending.contains("payment") }
    }

    /// Their price, less a share of the discount, rounded so that all pieces together give the total.
    func paid(for items: [ItemQuantity]) -> Int {
        let prices = Dictionary(pricedItems.map { ($0.sku, $0.unitPrice) }) { first, _ in first }
        let rest = kept.reduce(0) { $0 + $1.value * (prices[$1.key] ?? 0) }
        let value = items.reduce(0) { $0 + $1.quantity * (prices[$1.sku] ?? 0) }
        return share(of: rest) - share(of: rest - value)
    }

    /// Of the total, in proportion to the subtotal; the product of two amounts may have more than 64 bits.
    private func share(of value: Int) -> Int {
        guard let subtotal = document.subtotal, let total = document.total, subtotal > 0 else { return 0 }
        return subtotal.dividingFullWidth(value.multipliedFullWidth(by: total)).quotient
    }

    mutating func begin(_ refund: OrderRefund, at now: Timestamp) {
        document.refunds.append(refund)
        note(.refund, .begun, "\(refund.amount): \(refund.reason)", at: now)
        listPending(at: now)
    }

    /// A dependency has done its part of a refund.
    mutating func settle(_ id: String, by dependency: String, at now: Timestamp) {
        change(id, at: now) { $0.pending.removeAll { $0 == dependency } }
        note(.refund, .done, dependency, at: now)
    }

    /// Payment refused it: money was refunded past this service, and only so much is left of the capture.
    /// What an operator asked for has come to nothing then; what the order owes is the rest.
    mutating func shrink(_ id: String, to left: Int, at now: Timestamp) {
        change(id, at: now) { refund in
            if refund.cause == .requested {
                refund.outcome = "refused: only \(left) could still be refunded"
                refund.items = []
                refund.pending = []
            } else if left > 0 {
                refund.amount = left
            } else {
                refund.amount = 0
                refund.outcome = "nothing was left to refund"
                refund.pending.removeAll { $0 == "payment" }
            }
        }
        note(.refund, .refused, "\(left) is left", at: now)
    }

    private mutating func change(_ id: String, at now: Timestamp, _ change: (inout OrderRefund) -> Void) {
        guard let index = document.refunds.firstIndex(where: { $0.id == id }) else { return }
        change(&document.refunds[index])
        listPending(at: now)
    }

    private mutating func listPending(at now: Timestamp) {
        document.pending = Set(document.refunds.flatMap(\.pending)).sorted()
        document.updatedAt = now
    }
}
