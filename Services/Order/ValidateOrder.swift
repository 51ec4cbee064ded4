import Contracts
import Transport

extension OrderRequest {
    /// - Parameter needsPayment: false for a quote.
    /// - Throws: 422 with every field that is out of range.
    func validate(needsPayment: Bool) throws {
        var check = FieldCheck()
        check.text(customerId, "/customerId")
        check.items(items)
        if let couponCode { check.text(couponCode, "/couponCode") }
        if let maxTotal { check(maxTotal >= 0, "/maxTotal", "must not be negative") }
        if needsPayment {
            check(payment != nil, "/payment", "is required")
            if let payment { check.text(payment.token, "/payment/token") }
        }
        try check.finish()
    }
}
