package struct Product: Codable, Sendable, Hashable {
    package var sku: String
    package var name: String
    package var department: String
    /// Minor units of `currency`.
    package var unitPrice: Int
    package var currency: String
    package var available: Int

    package init(
        sku: String, name: String, department: String, unitPrice: Int, currency: String, available: Int
    ) {
        self.sku = sku
        self.name = name
        self.department = department
        self.unitPrice = unitPrice
        self.currency = currency
        self.available = available
    }
}

package struct ReservationRequest: Codable, Sendable, Hashable {
    package var orderId: String
    package var items: [ItemQuantity]

    package init(orderId: String, items: [ItemQuantity]) {
        self.orderId = orderId
        self.items = items
    }
}

/// What `POST /reservations/{orderId}/returns` takes: goods of the order that are not, or not any longer, the
/// customer's.
package struct ReturnRequest: Codable, Sendable, Hashable {
    /// The same however often it is sent.
    package var id: String
    package var items: [ItemQuantity]

    package init(id: String, items: [ItemQuantity]) {
        self.id = id
        self.items = items
    }
}

package enum ReservationStatus: String, Codable, Sendable, Hashable, CaseIterable {
    case reserved, committed, released, expired
}

package struct Reservation: Codable, Sendable, Hashable {
    package var orderId: String
    /// Less what was returned. Empty where the order was undone before anything was reserved for it.
    package var items: [ReservedItem]
    package var status: ReservationStatus
    package var currency: String
    package var expiresAt: Timestamp

    package init(
        orderId: String, items: [ReservedItem], status: ReservationStatus, currency: String,
        expiresAt: Timestamp
    ) {
        self.orderId = orderId
        self.items = items
        self.status = status
        self.currency = currency
        self.expiresAt = expiresAt
    }
}

package struct ReservedItem: Codable, Sendable, Hashable {
    package var sku: String
    package var name: String
    package var quantity: Int
    package var unitPrice: Int

    package init(sku: String, name: String, quantity: Int, unitPrice: Int) {
        self.sku = sku
        self.name = name
        self.quantity = quantity
        self.unitPrice = unitPrice
    }
}

/// `onHand` + `committed` = `seeded`; `available` = `onHand` − `reserved`.
package struct Stock: Codable, Sendable, Hashable {
    package var sku: String
    package var seeded: Int
    package var onHand: Int
    package var reserved: Int
    package var committed: Int
    package var available: Int

    package init(sku: String, seeded: Int, onHand: Int, reserved: Int, committed: Int, available: Int) {
        self.sku = sku
        self.seeded = seeded
        self.onHand = onHand
        self.reserved = reserved
        self.committed = committed
        self.available = available
    }
}
