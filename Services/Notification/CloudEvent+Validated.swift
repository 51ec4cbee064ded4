import Contracts
import Transport

extension CloudEvent {
    /// The event's kind, once every field is found in range.
    /// - Throws: 422 with a pointer to each field that isn't.
    func validatedKind() throws -> NotificationKind {
        var check = FieldCheck()
        check(specversion == "1.0", "/specversion", "must be 1.0")
        check(!source.isEmpty, "/source", "must not be empty")
        check.text(id, "/id")
        check.text(data.orderId, "/data/orderId")
        check.text(data.customerId, "/data/customerId")
        guard let kind = NotificationKind(rawValue: type) else {
            check(false, "/type", "must be one of \(NotificationKind.names)")
            throw check.problem
        }
        try check.finish()
        return kind
    }
}

extension NotificationKind {
    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
