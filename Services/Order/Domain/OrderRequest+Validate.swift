import Contracts
import Transport

extension OrderRequest {
    /// Every field that is out of range. Whether a payment is needed is known once the total is: ``Checkout``
    /// asks for it then.
    func validate(_ check: inout FieldCheck) {
        check.text(customerId, "/customerId")
        check.items(items)
        if let couponCode { check.text(couponCode, "/couponCode") }
        if let maxTotal { check(maxTotal >= 0, "/maxTotal", "must not be negative") }
        if let payment { check.text(payment.token, "/payment/token") }
    }
}
