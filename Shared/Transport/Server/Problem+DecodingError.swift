import Contracts

extension Problem {
    /// 400 where the body is not JSON, 422 with a JSON pointer where it is but a field is missing or of a wrong type.
    /// The decoder's own words name Swift types and are not passed on.
    package init(_ error: DecodingError, body: some Sequence<UInt8>) {
        switch error {
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            self =
                switch NumberScan.pointers(in: body) {
                case nil: .malformedJSON()
                case let pointers? where pointers.isEmpty:
                    .invalidRequest([FieldError(pointer: "", detail: "has a number that is out of its field's range")])
                case let pointers?:
                    .invalidRequest(pointers.map { FieldError(pointer: $0, detail: "must be a whole number in range") })
                }
        case .dataCorrupted(let context):
            self.init(at: context.codingPath, "is not a value that this field can take")
        case .keyNotFound(let key, let context):
            self.init(at: context.codingPath + [key], "is required")
        case .valueNotFound(_, let context):
            self.init(at: context.codingPath, "must not be null")
        case .typeMismatch(let type, let context):
            self.init(at: context.codingPath, "must be \(Self.name(of: type))")
        @unknown default:
            self = .malformedJSON()
        }
    }

    private init(at path: [any CodingKey], _ detail: String) {
        self = .invalidRequest([FieldError(pointer: Self.pointer(path), detail: detail)])
    }

    /// RFC 6901.
    private static func pointer(_ path: [any CodingKey]) -> String {
        path.map { key in
            "/" + (key.intValue.map(String.init) ?? key.stringValue.replacing("~", with: "~0").replacing("/", with: "~1"))
        }.joined()
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Int.Type, is Int64.Type, is UInt64.Type: "a whole number"
        case is Double.Type: "a number"
        case is Bool.Type: "true or false"
        case is [Any].Type: "an array"
        default: "of another type"
        }
    }
}
