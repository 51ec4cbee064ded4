import Contracts
import Transport

extension RedemptionRequest {
    /// An order's lines come merged: 100 of them, each with 1,000 pieces at most, may have become one.
    static let largestQuantity = 100_000

    /// Every field that is out of range.
    func validate(_ check: inout FieldCheck) {
        check.text(orderId, "/orderId")
        check.text(customerId, "/customerId")
        check.text(code, "/code")
        check((1...100).contains(items.count), "/items", "must have 1 to 100 items")
        for (index, item) in items.prefix(100).enumerated() {
            check.text(item.sku, "/items/\(index)/sku")
            check.number(item.quantity, in: 1...Self.largestQuantity, "/items/\(index)/quantity")
            check.number(item.unitPrice, in: 0...CouponRule.largestAmount, "/items/\(index)/unitPrice")
        }
    }
}
