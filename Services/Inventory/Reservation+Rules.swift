import Contracts

extension Reservation {
    /// Its time is over, whether or not its stock was freed already.
    func isDue(at now: Timestamp) -> Bool { status == .reserved && expiresAt <= now }

    /// As callers see it: what is due counts as expired.
    func seen(at now: Timestamp) -> Reservation {
        var seen = self
        if isDue(at: now) { seen.status = .expired }
        return seen
    }

    /// Whether it is for just these items, which are merged already.
    func isFor(_ merged: [ItemQuantity]) -> Bool {
        let own = Dictionary(items.map { ($0.sku, $0.quantity) }) { $0 + $1 }
        return own.count == merged.count && merged.allSatisfy { own[$0.sku] == $0.quantity }
    }
}
