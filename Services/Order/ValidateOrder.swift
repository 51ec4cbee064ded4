import Contracts
import Transport

extension OrderRequest {
    /// Every field that is out of range.
    ///
    /// - Parameter needsPayment: false for a quote.
    func validate(_ check: inout FieldCheck, needsPayment: Bool) {
        check.text(customerId, "/customerId")
        check.items(items)
        if let couponCode { check.text(couponCode, "/couponCode") }
        if let maxTotal { check(maxTotal >= 0, "/maxTotal", "must not be negative") }
        if needsPayment {
            check(payment != nil, "/payment", "is required")
            if let payment { check.text(payment.token, "/payment/token") }
        }
    }
}
