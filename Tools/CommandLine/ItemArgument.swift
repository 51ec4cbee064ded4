import ArgumentParser
import Contracts

/// One line of a basket as `SKU:QTY`, or `SKU` for one of it.
struct ItemArgument: ExpressibleByArgument, Equatable {
    var item: ItemQuantity

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard let sku = parts.first, !sku.isEmpty, parts.count <= 2 else { return nil }
        guard let quantity = parts.count == 2 ? Int(parts[1]) : 1, quantity > 0 else { return nil }
        item = ItemQuantity(sku: String(sku), quantity: quantity)
    }
}

extension IfCouponUnavailable: ExpressibleByArgument {
    package static var allValueStrings: [String] {
        [Self.refundLater, .orderWithout, .reject].map(\.rawValue)
    }
}
