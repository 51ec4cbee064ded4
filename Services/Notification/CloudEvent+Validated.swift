import Contracts
import Transport

extension CloudEvent {
    /// Nil for a type that isn't one of ours.
    var kind: NotificationKind? { NotificationKind(rawValue: type) }

    func validate(_ check: inout FieldCheck) {
        check(specversion == "1.0", "/specversion", "must be 1.0")
        check(!source.isEmpty, "/source", "must not be empty")
        check.text(id, "/id")
        check.text(data.orderId, "/data/orderId")
        check.text(data.customerId, "/data/customerId")
        let names = NotificationKind.allCases.map(\.rawValue).joined(separator: ", ")
        check(kind != nil, "/type", "must be one of \(names)")
    }
}
