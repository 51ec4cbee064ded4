/// A list that older documents do not have: it reads as empty.
@propertyWrapper
package struct OrEmpty<Element: Codable & Sendable & Hashable>: Codable, Sendable, Hashable {
    package var wrappedValue: [Element]

    package init(wrappedValue: [Element]) { self.wrappedValue = wrappedValue }

    package init(from decoder: any Decoder) throws {
        wrappedValue = try decoder.singleValueContainer().decode([Element].self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}

extension KeyedDecodingContainer {
    /// A field left out reads as an empty list; synthesized decoding picks this overload up.
    package func decode<Element>(_ type: OrEmpty<Element>.Type, forKey key: Key) throws -> OrEmpty<Element> {
        OrEmpty(wrappedValue: try decodeIfPresent([Element].self, forKey: key) ?? [])
    }
}
