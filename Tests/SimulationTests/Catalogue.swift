import Contracts

@testable import OrderService

/// Prices and stock as inventory last told them; kept on disk, so a crash doesn't forget them.
struct Catalogue {
    private var known: [String: Product] = [:]

    mutating func refresh(_ products: [String: Product]) { known = products }

    mutating func reserved(_ reservation: Reservation) {
        for item in reservation.items {
            guard let product = known[item.sku] else { continue }
            known[item.sku]?.unitPrice = item.unitPrice
            known[item.sku]?.available = max(0, product.available - item.quantity)
        }
    }

    /// Sometimes too old to be used.
    func products(_ order: Order, _ dice: inout Dice) -> LastKnownProducts? {
        if dice.happens(100) { return nil }
        var found = LastKnownProducts()
        for item in order.request.items {
            guard let product = known[item.sku] else { return nil }
            found.products[item.sku] = product
        }
        return found
    }

    /// A reservation that nobody made, for a planted bug.
    func imagined(_ order: Order) -> Reservation {
        let items = order.request.items.merged.map {
            ReservedItem(sku: $0.sku, name: $0.sku, quantity: $0.quantity, unitPrice: known[$0.sku]?.unitPrice ?? 0)
        }
        return Reservation(
            orderId: order.id, items: items, status: .reserved, currency: "USD", expiresAt: Timestamp(milliseconds: .max))
    }
}
