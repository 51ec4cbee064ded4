import Contracts

/// Invariant 10.
extension Snapshot {
    var olderStores: [Violation] {
        ServiceName.allCases.flatMap { name -> [Violation] in
            let older = ServiceName.allCases.compactMap { witness in violation(of: name, seenBy: witness) }
            return older + (name == .order && !older.isEmpty ? ordersOnlyOthersKnow : [])
        }
    }

    private func violation(of name: ServiceName, seenBy witness: ServiceName) -> Violation? {
        guard let own = stores[name],
            let seen = seen[witness]?.first(where: { $0.service == name.rawValue })?.store,
            own.lacks(seen)
        else { return nil }
        guard own.id == seen.id else {
            return Violation(name.rawValue, "is on store \(own.id), and \(witness) has seen store \(seen.id)")
        }
        let lack =
            own.epoch == seen.epoch
            ? "\(seen.commits - own.commits) commits of what \(witness) has seen are missing"
            : "\(witness) has seen it after a loss that was accepted later"
        return Violation(name.rawValue, "is on store \(own.id) at commit \(own.commits): \(lack)")
    }

    /// Orders that other services know and order has lost.
    private var ordersOnlyOthersKnow: [Violation] {
        let known = Set(orders.map(\.id))
        var witnesses: [String: [ServiceName]] = [:]
        for (witness, ids) in [
            (ServiceName.payment, payments.map(\.orderId)), (.coupon, redemptions.map(\.orderId)),
            (.inventory, reservations.map(\.orderId)), (.notification, notifications.map(\.orderId)),
        ] {
            for id in Set(ids).subtracting(known) where !mayBeDeleted(id) {
                witnesses[id, default: []].append(witness)
            }
        }
        return witnesses.sorted { $0.key < $1.key }.map { id, witnesses in
            Violation(
                id, "is known to \(witnesses.map(\.rawValue).joined(separator: ", ")), and not to order")
        }
    }
}
