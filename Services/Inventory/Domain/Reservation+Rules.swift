import Contracts

extension Reservation {
    /// As callers see it: expired from its moment on, whether or not its stock was freed already.
    func seen(at now: Timestamp) -> Reservation {
        var seen = self
        if status == .reserved, expiresAt <= now { seen.status = .expired }
        return seen
    }

    /// Whether it is for just these items, which are merged already.
    func isFor(_ merged: [ItemQuantity]) -> Bool {
        let own = Dictionary(items.map { ($0.sku, $0.quantity) }) { $0 + $1 }
        return own.count == merged.count && merged.allSatisfy { own[$0.sku] == $0.quantity }
    }
}
