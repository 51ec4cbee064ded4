import Contracts
import Transport

extension ReservationRequest {
    func validate(_ check: inout FieldCheck) {
        check.text(orderId, "/orderId")
        check.items(items)
    }
}

extension ReturnRequest {
    func validate(_ check: inout FieldCheck) {
        check.text(id, "/id")
        check.items(items)
    }
}
