package import Foundation

/// The only code between wire values and bytes: the codec can be replaced here.
package enum JSON {
    /// Members are in the order in which they are declared, those of dictionaries in the order of their keys:
    /// the same value is the same text, in every process.
    package static func encode(_ value: some Encodable) throws -> Data {
        Data(try JSONWriter.write(value))
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        try JSONDecoder().decode(type, from: data)
    }
}
