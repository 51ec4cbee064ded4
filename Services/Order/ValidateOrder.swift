import Contracts
import Transport

extension OrderRequest {
    /// Every field that is out of range, with a pointer to it.
    /// - Parameter needsPayment: false for a quote.
    func validate(needsPayment: Bool) throws {
        var errors: [FieldError] = []
        func check(_ isValid: Bool, _ pointer: String, _ detail: String) {
            if !isValid { errors.append(FieldError(pointer: pointer, detail: detail)) }
        }
        let text = 1...255
        check(text.contains(customerId.utf8.count), "/customerId", "must have 1 to 255 characters")
        check((1...100).contains(items.count), "/items", "must have 1 to 100 items")
        for (index, item) in items.prefix(100).enumerated() {
            check(text.contains(item.sku.utf8.count), "/items/\(index)/sku", "must have 1 to 255 characters")
            check((1...1000).contains(item.quantity), "/items/\(index)/quantity", "must be a whole number from 1 to 1000")
        }
        if let couponCode { check(text.contains(couponCode.utf8.count), "/couponCode", "must have 1 to 255 characters") }
        if let maxTotal { check(maxTotal >= 0, "/maxTotal", "must not be negative") }
        if needsPayment {
            if let payment {
                check(text.contains(payment.token.utf8.count), "/payment/token", "must have 1 to 255 characters")
            } else {
                check(false, "/payment", "is required")
            }
        }
        guard errors.isEmpty else { throw Problem.invalidRequest(errors) }
    }
}
