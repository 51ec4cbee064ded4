import Contracts
import Transport

extension ReservationRequest {
    /// Ids and SKUs: 1 to 255 characters, none of them NUL, where SQLite's text would end.
    static func isIdentifier(_ text: String) -> Bool {
        (1...255).contains(text.unicodeScalars.count) && !text.utf8.contains(0)
    }

    static let identifierDetail = "must have 1 to 255 characters"

    /// - Throws: 422 with every field that is out of range.
    func validate() throws {
        var errors: [FieldError] = []
        func check(_ isValid: Bool, _ pointer: @autoclosure () -> String, _ detail: String) {
            if !isValid { errors.append(FieldError(pointer: pointer(), detail: detail)) }
        }
        check(Self.isIdentifier(orderId), "/orderId", Self.identifierDetail)
        check((1...100).contains(items.count), "/items", "must have 1 to 100 items")
        for (index, item) in items.prefix(100).enumerated() {
            check(Self.isIdentifier(item.sku), "/items/\(index)/sku", Self.identifierDetail)
            check((1...1000).contains(item.quantity), "/items/\(index)/quantity", "must be a whole number from 1 to 1000")
        }
        guard errors.isEmpty else { throw Problem.invalidRequest(errors) }
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
