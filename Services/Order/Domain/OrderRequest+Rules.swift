import Contracts
import Mutants
import Transport

extension OrderRequest {
    /// What is asked for, however it is written: a default left out, lines in another order or in pieces. Two
    /// requests with one idempotency key are the same if these are.
    var fingerprint: OrderRequest {
        if Mutant.isOn(.comparesRequestsLiterally) { return self }
        var same = self
        same.items = items.merged.sorted { $0.sku < $1.sku }
        same.ifCouponUnavailable = ifCouponUnavailable ?? .refundLater
        return same
    }

    /// Every field that is out of range. ``Checkout`` asks for a payment once the total is known.
    func validate(_ check: inout FieldCheck) {
        check.text(customerId, "/customerId")
        check.items(items)
        if let couponCode { check.text(couponCode, "/couponCode") }
        if let maxTotal { check(maxTotal >= 0, "/maxTotal", "must not be negative") }
        if let payment { check.text(payment.token, "/payment/token") }
    }
}

extension OrderRefundRequest {
    /// Every field that is out of range.
    func validate(_ check: inout FieldCheck) {
        if let amount { check.amount(amount, "/amount") }
        if let items { check.items(items) }
        check.text(reason, "/reason")
    }
}
