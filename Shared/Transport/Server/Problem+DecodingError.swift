import Contracts
package import Foundation

extension JSON {
    /// A request's body as `type`, read once, or up to four times where it is refused.
    ///
    /// - Throws: 400 where the body is not JSON, 422 with a JSON pointer where it is but a field is missing or of a wrong type.
    package static func decodeBody<Value: Decodable>(_ type: Value.Type, from body: Data) throws -> Value {
        do {
            return try decode(type, from: body)
        } catch let error as DecodingError {
            guard case .dataCorrupted(let context) = error, context.codingPath.isEmpty else { throw Problem(error) }
            throw Problem.unreadable(type, body)
        }
    }
}

extension Problem {
    /// For a body of which the decoder says no more than that it isn't valid: because of a number that its field can't take,
    /// or because it isn't JSON.
    fileprivate static func unreadable<Value: Decodable>(_ type: Value.Type, _ body: Data) -> Problem {
        // First what no field takes, then what only signed, or only unsigned ones don't.
        for kept in [NumberMask.Whole.any, .signed, .unsigned] {
            let masked = Data(NumberMask.mask(body, keeping: kept))
            do {
                _ = try JSON.decode(type, from: masked, asNaN: NumberMask.fraction)
                return .invalidRequest([FieldError(pointer: "", detail: "has a number that is out of its field's range")])
            } catch DecodingError.typeMismatch(let type, let context) {
                return Problem(at: context.codingPath, "must be \(name(of: type)) in range")
            } catch {}
        }
        return .malformedJSON()
    }

    /// The decoder's own words name Swift types and are not passed on.
    fileprivate init(_ error: DecodingError) {
        switch error {
        case .dataCorrupted(let context): self.init(at: context.codingPath, "is not a value that this field can take")
        case .keyNotFound(let key, let context): self.init(at: context.codingPath + [key], "is required")
        case .valueNotFound(_, let context): self.init(at: context.codingPath, "must not be null")
        case .typeMismatch(let type, let context): self.init(at: context.codingPath, "must be \(Self.name(of: type))")
        @unknown default: self = .malformedJSON()
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
