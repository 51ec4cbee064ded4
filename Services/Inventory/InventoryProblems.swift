import Contracts
import Transport

extension InventoryError: ProblemConvertible {
    var problem: Problem {
        switch self {
        case .outOfStock(let short):
            Problem(
                409, "out-of-stock", "Out of stock",
                "There isn't enough of \(Self.names(short.map(\.sku))); nothing was reserved.", skus: short)
        case .unknownSKUs(let items):
            Problem(
                422, "unknown-sku", "Unknown SKU",
                "The catalogue doesn't have \(Self.names(items.map(\.sku))).",
                skus: items.map { ShortSKU(sku: $0.sku, requested: $0.quantity, available: 0) })
        case .voided(let orderId): .voided(orderId: orderId)
        case .otherContents(let detail): .contentsDiffer(detail)
        case .noReservation(let orderId): .notFound("There is no reservation for order \(orderId).")
        case .returnExceeds(let orderId, let item):
            Problem(
                422, "return-exceeds-reservation", "More is returned than there is",
                "Order \(orderId) doesn't have \(item.quantity) of \(item.sku.excerpt()).")
        }
    }

    private static func names(_ skus: [String]) -> String {
        let shown = skus.prefix(5).map { $0.excerpt() }.joined(separator: ", ")
        return skus.count > 5 ? "\(shown) and \(skus.count - 5) more" : shown
    }
}
