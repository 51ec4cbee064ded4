package import Foundation

/// The one seam between wire values and bytes: whatever codec stands behind it can be changed here.
package enum JSON {
    package static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return try encoder.encode(value)
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        try JSONDecoder().decode(type, from: data)
    }

    /// As ``decode(_:from:)``; `text` in the place of a floating-point number is "not a number".
    package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data, asNaN text: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "+", negativeInfinity: "-", nan: text)
        return try decoder.decode(type, from: data)
    }
}
