import Contracts
import Transport

extension RedemptionRequest {
    /// An order's lines come merged: 100 of them, each with 1,000 pieces at most, may have become one.
    static let largestQuantity = 100_000
    /// Minor units; keeps every sum of a basket far from overflow.
    static let largestAmount = 1_000_000_000_000

    func validate(_ check: inout FieldCheck, at pointer: String = "") {
        check.text(orderId, "\(pointer)/orderId")
        check.text(customerId, "\(pointer)/customerId")
        check.text(code, "\(pointer)/code")
        check((1...100).contains(items.count), "\(pointer)/items", "must have 1 to 100 items")
        for (index, item) in items.prefix(100).enumerated() {
            check.text(item.sku, "\(pointer)/items/\(index)/sku")
            check.number(item.quantity, in: 1...Self.largestQuantity, "\(pointer)/items/\(index)/quantity")
            check.number(item.unitPrice, in: 0...Self.largestAmount, "\(pointer)/items/\(index)/unitPrice")
        }
    }
}

extension ReconciliationRequest {
    func validate(_ check: inout FieldCheck) {
        if let after { check.text(after, "/after") }
        if let upTo { check.text(upTo, "/upTo") }
        check(redemptions.count <= Self.most, "/redemptions", "must have \(Self.most) items at most")
        check(undecided.count <= Self.most, "/undecided", "must have \(Self.most) items at most")
        for (index, confirmed) in redemptions.prefix(Self.most).enumerated() {
            confirmed.request.validate(&check, at: "/redemptions/\(index)/request")
            check.number(
                confirmed.discount, in: 0...RedemptionRequest.largestAmount, "/redemptions/\(index)/discount")
        }
        for (index, id) in undecided.prefix(Self.most).enumerated() { check.text(id, "/undecided/\(index)") }
    }
}
