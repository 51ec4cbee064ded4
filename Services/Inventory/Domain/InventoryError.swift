import Contracts

/// What this service refuses.
enum InventoryError: Error, Sendable, Equatable {
    /// Every SKU of the order that there isn't enough of.
    case outOfStock([ShortSKU])
    /// Every SKU of the order that isn't in the catalogue.
    case unknownSKUs([ItemQuantity])
    /// The order's reservation was released before.
    case voided(orderId: String)
    /// The same id came before with other contents.
    case otherContents(String)
    case noReservation(orderId: String)
    case returnExceeds(orderId: String, ItemQuantity)
}
