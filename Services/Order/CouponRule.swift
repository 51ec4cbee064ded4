import Contracts

/// How a basket is judged by a coupon's rule while the coupon service can't do it itself.
extension Coupon {
    /// What it takes off: `amountOff`, at most the subtotal of its eligible lines; nil where no line is eligible.
    func discount(on lines: [PricedItem]) -> Int? {
        let eligible = Set(eligibleSkus)
        let covered = lines.filter { eligible.contains($0.sku) }
        guard !covered.isEmpty else { return nil }
        return min(amountOff, covered.reduce(0) { $0 + $1.quantity * $1.unitPrice })
    }

    func isExpired(at moment: Timestamp) -> Bool { validUntil.map { $0 < moment } ?? false }

    /// The discount that may be honoured without asking the coupon service; nil where it has to be asked. That is never a
    /// refusal: the rule may have changed.
    func offlineDiscount(on lines: [PricedItem], at moment: Timestamp) -> Int? {
        offline && !isExpired(at: moment) ? discount(on: lines) : nil
    }
}
