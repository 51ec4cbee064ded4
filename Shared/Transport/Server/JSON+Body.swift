import Contracts
package import Foundation

extension JSON {
    /// A request's body as `type`; if it is refused it is read a second time, to find everything that is
    /// wrong with it.
    ///
    /// - Parameter check: records which fields are out of range.
    /// - Throws: ``Problem``: 400 where the body is not JSON; 422 with a JSON pointer for each field that is
    ///   missing, of a wrong type or out of range, 20 at most.
    package static func decodeBody<Value: Decodable>(
        _ type: Value.Type, from body: Data, check: (Value, inout FieldCheck) -> Void = { _, _ in }
    ) throws -> Value {
        var fields = FieldCheck()
        let value: Value
        do {
            value = try decode(type, from: body)
        } catch is DecodingError {
            let (standIn, errors) = try LenientDecoder.read(type, from: tree(body))
            fields = FieldCheck(found: errors)
            if let standIn { check(standIn, &fields) }
            // The two decoders disagree about what is JSON: the ordinary one decides.
            throw fields.isPassed ? Problem.malformedJSON() : fields.problem
        }
        check(value, &fields)
        try fields.finish()
        return value
    }

    /// - Throws: 400 where the body isn't JSON.
    private static func tree(_ body: Data) throws(Problem) -> Any {
        // Foundation's two readers are lenient in different ways.
        guard (try? decode(Anything.self, from: body)) != nil else { throw Problem.malformedJSON() }
        for bytes in [{ body }, { Data(HugeNumbers.masked(body)) }] {
            if let tree = try? JSONSerialization.jsonObject(with: bytes(), options: .fragmentsAllowed) {
                return tree
            }
        }
        throw Problem.malformedJSON()
    }

    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }
}
