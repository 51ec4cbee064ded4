import Contracts
import Transport

extension Problem {
    /// 409, with every SKU of the order that there isn't enough of.
    static func outOfStock(_ short: [ShortSKU]) -> Problem {
        Problem(
            ProblemDocument(
                status: 409, code: "out-of-stock", title: "Out of stock",
                detail: "There isn't enough of \(names(short.map(\.sku))); nothing was reserved.", skus: short))
    }

    /// 422, with every SKU of the order that isn't in the catalogue.
    static func unknownSKU(_ items: [ItemQuantity]) -> Problem {
        Problem(
            ProblemDocument(
                status: 422, code: "unknown-sku", title: "Unknown SKU",
                detail: "The catalogue doesn't have \(names(items.map(\.sku))).",
                skus: items.map { ShortSKU(sku: $0.sku, requested: $0.quantity, available: 0) }))
    }

    private static func names(_ skus: [String]) -> String {
        let shown = skus.prefix(5).map { $0.excerpt() }.joined(separator: ", ")
        return skus.count > 5 ? "\(shown) and \(skus.count - 5) more" : shown
    }
}
