import Contracts

/// Invariant 4.
extension Snapshot {
    var stockViolations: [Violation] {
        var bought: [String: Int] = [:]
        for order in orders where order.status == .confirmed {
            for item in order.items { bought[item.sku, default: 0] += item.quantity }
            for item in order.refunds.flatMap(\.items) { bought[item.sku, default: 0] -= item.quantity }
        }
        for item in deletedGoods { bought[item.sku, default: 0] += item.quantity }
        let known = Set(stock.map(\.sku))
        let unknown = bought.keys.filter { !known.contains($0) }.sorted().map {
            Violation($0, "was bought and has no stock")
        }
        return stock.flatMap { violations($0, bought: bought[$0.sku] ?? 0) } + unknown + orphanedReservations
    }

    private func violations(_ stock: Stock, bought: Int) -> [Violation] {
        var found: [String] = []
        if stock.onHand + stock.committed != stock.seeded {
            found.append(
                "on hand \(stock.onHand) + committed \(stock.committed) is not the \(stock.seeded) there were"
            )
        }
        if stock.committed != bought {
            found.append("committed \(stock.committed), but confirmed orders hold \(bought)")
        }
        if stock.reserved != 0 { found.append("\(stock.reserved) still reserved") }
        if stock.available < 0 { found.append("available \(stock.available)") }
        return found.map { Violation(stock.sku, $0) }
    }

    private var orphanedReservations: [Violation] {
        let known = Set(orders.map(\.id))
        return reservations.filter { reservation in
            switch reservation.status {
            case .reserved: !known.contains(reservation.orderId)
            case .committed: !known.contains(reservation.orderId) && !mayBeDeleted(reservation.orderId)
            case .released, .expired: false
            }
        }
        .map { Violation($0.orderId, "has a reservation (\($0.status)) but is no order") }
    }
}
