import Contracts
import Transport

extension CloudEvent {
    /// The event's kind, once every field is found in range.
    /// - Throws: 422 with a pointer to each field that isn't.
    func validatedKind() throws -> NotificationKind {
        var errors: [FieldError] = []
        func check(_ isValid: Bool, _ pointer: String, _ detail: String) {
            if !isValid { errors.append(FieldError(pointer: pointer, detail: detail)) }
        }
        check(specversion == "1.0", "/specversion", "must be 1.0")
        check(!source.isEmpty, "/source", "must not be empty")
        for (text, pointer) in [(id, "/id"), (data.orderId, "/data/orderId"), (data.customerId, "/data/customerId")] {
            // SQLite's text would end at a NUL, and two ids become one.
            check(
                (1...255).contains(text.unicodeScalars.count) && !text.utf8.contains(0), pointer,
                "must have 1 to 255 characters, none of them NUL")
        }
        let kind = NotificationKind(rawValue: type)
        check(kind != nil, "/type", "must be one of \(NotificationKind.names)")
        guard let kind, errors.isEmpty else { throw Problem.invalidRequest(errors) }
        return kind
    }
}

extension NotificationKind {
    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
