import Contracts

@testable import OrderService

/// Stock and reservations: one an order, with a tombstone where it was released. Reservations live longer than an order may
/// stay accepted, so here they never expire.
final class InventoryModel: Neighbour {
    private(set) var stock: [String: Stock] = [:]
    private(set) var reservations: [String: Reservation] = [:]
    var prices: [String: Int]

    init(stock seeded: [String: Int], prices: [String: Int], judge: Judge, mutant: Mutant?) {
        self.prices = prices
        super.init("inventory", judge: judge, mutant: mutant)
        for (sku, count) in seeded {
            stock[sku] = Stock(sku: sku, seeded: count, onHand: count, reserved: 0, committed: 0, available: count)
            judge.seeded(sku, count)
        }
    }

    /// The catalogue as it is now.
    var products: [String: Product] {
        stock.mapValues {
            Product(
                sku: $0.sku, name: $0.sku, department: "", unitPrice: prices[$0.sku] ?? 0, currency: "USD",
                available: $0.available)
        }
    }

    override func handle(_ request: Request) -> Answer {
        switch request {
        case .reserve(let orderId, let items): reserve(orderId, items.merged)
        case .commit(let orderId): commit(orderId)
        case .release(let orderId): release(orderId)
        default: super.handle(request)
        }
    }

    private func reserve(_ orderId: String, _ items: [ItemQuantity]) -> Answer {
        if let kept = reservations[orderId] { return kept.status == .released ? .refused("voided") : .reservation(kept) }
        let isShort = items.contains { $0.quantity > stock[$0.sku]?.available ?? 0 }
        if isShort, mutant != .inventoryOversells { return .refused("out-of-stock") }
        let reservation = Reservation(
            orderId: orderId,
            items: items.map {
                ReservedItem(sku: $0.sku, name: $0.sku, quantity: $0.quantity, unitPrice: prices[$0.sku] ?? 0)
            },
            status: .reserved, currency: "USD", expiresAt: Timestamp(milliseconds: .max))
        reservations[orderId] = reservation
        for item in items { move(item.sku, reserved: item.quantity) }
        judge.reserved(orderId, items)
        return .reservation(reservation)
    }

    private func commit(_ orderId: String) -> Answer {
        guard let reservation = reservations[orderId] else { return .refused("not-found") }
        switch reservation.status {
        case .committed: return .done
        case .released, .expired: return .refused("voided")
        case .reserved:
            for item in reservation.items { move(item.sku, reserved: -item.quantity, committed: item.quantity) }
            reservations[orderId]?.status = .committed
            return .done
        }
    }

    private func release(_ orderId: String) -> Answer {
        let reservation = reservations[orderId]
        for item in reservation?.items ?? [] {
            switch reservation?.status {
            case .reserved: move(item.sku, reserved: -item.quantity)
            case .committed: move(item.sku, committed: -item.quantity)
            default: break
            }
        }
        if mutant == .inventoryForgetsReleases {
            reservations[orderId] = nil
        } else {
            reservations[orderId, default: tombstone(orderId)].status = .released
        }
        judge.released(orderId)
        return .done
    }

    private func tombstone(_ orderId: String) -> Reservation {
        Reservation(
            orderId: orderId, items: [], status: .released, currency: "USD", expiresAt: Timestamp(milliseconds: 0))
    }

    private func move(_ sku: String, reserved: Int = 0, committed: Int = 0) {
        stock[sku]?.reserved += reserved
        stock[sku]?.committed += committed
        stock[sku]?.onHand -= committed
        if let now = stock[sku] { stock[sku]?.available = now.onHand - now.reserved }
    }
}
