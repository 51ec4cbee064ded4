import Contracts
import Transport

extension ReservationRequest {
    /// Every field that is out of range.
    func validate(_ check: inout FieldCheck) {
        check.text(orderId, "/orderId")
        check.items(items)
    }
}

extension ReturnRequest {
    /// Every field that is out of range.
    func validate(_ check: inout FieldCheck) {
        check.text(id, "/id")
        check.items(items)
    }
}
