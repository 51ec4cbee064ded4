import Contracts
import Transport

extension ReservationRequest {
    /// - Throws: 422 with every field that is out of range.
    func validate() throws {
        var check = FieldCheck()
        check.text(orderId, "/orderId")
        check.items(items)
        try check.finish()
    }
}

extension ReturnRequest {
    /// - Throws: 422 with every field that is out of range.
    func validate() throws {
        var check = FieldCheck()
        check.text(id, "/id")
        check.items(items)
        try check.finish()
    }
}
