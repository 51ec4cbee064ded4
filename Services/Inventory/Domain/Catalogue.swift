import Contracts
import Resilience

/// Names and prices in memory: they don't change while the service runs, and every reservation needs a few.
final class Catalogue: Sendable {
    /// Of every price; ISO 4217.
    static let currency = "USD"

    struct Entry: Sendable, Hashable {
        var sku: String
        var name: String
        var department: String
        /// Minor units of ``Catalogue/currency``.
        var unitPrice: Int
    }

    private let entries = Locked<[String: Entry]>([:])

    func load(_ loaded: [Entry]) {
        let bySKU = Dictionary(loaded.map { ($0.sku, $0) }) { first, _ in first }
        entries.withLock { $0 = bySKU }
    }

    /// The items at today's prices, under the catalogue's own spelling of their SKUs.
    /// - Throws: ``InventoryError/unknownSKUs(_:)``, naming all of those.
    func price(_ items: [ItemQuantity]) throws -> [ReservedItem] {
        let entries = entries.withLock { $0 }
        let priced = items.compactMap { item in
            entries[item.sku].map {
                ReservedItem(sku: $0.sku, name: $0.name, quantity: item.quantity, unitPrice: $0.unitPrice)
            }
        }
        guard priced.count == items.count else {
            throw InventoryError.unknownSKUs(items.filter { entries[$0.sku] == nil })
        }
        return priced
    }
}
