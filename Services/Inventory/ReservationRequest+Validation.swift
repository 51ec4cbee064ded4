import Contracts
import Transport

extension ReservationRequest {
    /// Ids and SKUs: 1 to 255 characters, none of them NUL, where SQLite's text would end.
    static func isIdentifier(_ text: String) -> Bool {
        (1...255).contains(text.unicodeScalars.count) && !text.utf8.contains(0)
    }

    /// - Throws: 422 with every field that is out of range.
    func validate() throws {
        var check = FieldCheck()
        check.text(orderId, "/orderId")
        check.items(items)
        try check.finish()
    }

    /// One item a SKU, in the order of first mention.
    var mergedItems: [ItemQuantity] {
        var merged: [ItemQuantity] = []
        merged.reserveCapacity(items.count)
        var position: [String: Int] = [:]
        for item in items {
            if let index = position[item.sku] {
                merged[index].quantity += item.quantity
            } else {
                position[item.sku] = merged.count
                merged.append(item)
            }
        }
        return merged
    }
}
