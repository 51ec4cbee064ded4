import Contracts
import Mutants

/// What becomes of an order's reservation, and how its stock moves with it.
enum ReservationChange: Sendable {
    case none(Reservation)
    /// Written, without any stock being moved.
    case write(Reservation)
    /// Written, if the items can be moved; `due` reservations are expired where stock falls short.
    case move(Reservation, StockMovement, [ReservedItem], expiring: Lapse.Due? = nil)

    var reservation: Reservation {
        switch self {
        case .none(let reservation), .write(let reservation), .move(let reservation, _, _, _): reservation
        }
    }
}

extension Reservation {
    private func with(_ status: ReservationStatus) -> Reservation {
        var changed = self
        changed.status = status
        return changed
    }

    /// Of an order that asks for the same again; nil where its stock has to be reserved anew.
    /// - Throws: ``InventoryError/voided(orderId:)`` after a release, ``InventoryError/otherContents(_:)``.
    func renewed(for wanted: [ItemQuantity], until end: Timestamp) throws(InventoryError)
        -> ReservationChange?
    {
        guard status != .released else { throw .voided(orderId: orderId) }
        guard isFor(wanted) else {
            throw .otherContents("Order \(orderId) has a reservation for other items.")
        }
        switch status {
        case .committed: return ReservationChange.none(self)
        case .expired, .released: return nil
        // Also when it is due: no other order has taken its stock yet.
        case .reserved:
            var renewed = self
            renewed.expiresAt = end
            return .write(renewed)
        }
    }

    /// Once expired, it is taken from what is available now, at the prices as they were.
    /// - Throws: ``InventoryError/voided(orderId:)`` after a release.
    func committed(expiring due: Lapse.Due) throws(InventoryError) -> ReservationChange {
        switch status {
        case .committed: return .none(self)
        case .released: throw .voided(orderId: orderId)
        // Also when it is due: no other order has taken its stock yet.
        case .reserved: return .move(with(.committed), .commit, items)
        case .expired: return .move(with(.committed), .commitUnreserved, items, expiring: due)
        }
    }

    var released: ReservationChange {
        switch status {
        case .released: .none(self)
        case .expired: .write(with(.released))
        case .reserved where Mutant.isOn(.inventoryKeepsWhatIsReleased): .write(with(.released))
        case .reserved: .move(with(.released), .free, items)
        case .committed: .move(with(.released), .putBack, items)
        }
    }

    /// - Parameter goods: merged.
    /// - Throws: ``InventoryError/voided(orderId:)`` after a release,
    ///   ``InventoryError/returnExceeds(orderId:_:)``.
    func returned(_ goods: [ItemQuantity]) throws(InventoryError) -> ReservationChange {
        guard status != .released else { throw .voided(orderId: orderId) }
        var left = self
        var taken: [ReservedItem] = []
        for item in goods {
            guard let index = left.items.firstIndex(where: { $0.sku == item.sku }),
                left.items[index].quantity >= item.quantity
            else { throw .returnExceeds(orderId: orderId, item) }
            var part = left.items[index]
            part.quantity = item.quantity
            taken.append(part)
            left.items[index].quantity -= item.quantity
            if left.items[index].quantity == 0 { left.items.remove(at: index) }
        }
        switch status {
        case .reserved: return .move(left, .free, taken)
        case .committed: return .move(left, .putBack, taken)
        case .expired, .released: return .write(left)
        }
    }
}
