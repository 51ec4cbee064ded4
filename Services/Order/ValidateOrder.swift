import Contracts
import Transport

extension OrderRequest {
    /// Whether a payment is needed is known once the total is: ``Saga`` asks for it then.
    /// - Throws: 422 with every field that is out of range.
    func validate() throws {
        var check = FieldCheck()
        check.text(customerId, "/customerId")
        check.items(items)
        if let couponCode { check.text(couponCode, "/couponCode") }
        if let maxTotal { check(maxTotal >= 0, "/maxTotal", "must not be negative") }
        if let payment { check.text(payment.token, "/payment/token") }
        try check.finish()
    }
}
