/// The containers of ``JSONWriter``: each knows its place in what is being written, and nothing else.
struct KeyedWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let writer: JSONWriter
    let position: JSONWriter.Position

    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) throws {
        try writer.next(position, key)
        writer.writeNull()
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        try writer.next(position, key)
        writer.write(flag: value)
    }

    func encode(_ value: String, forKey key: Key) throws {
        try writer.next(position, key)
        writer.write(text: value)
    }

    func encode(_ value: Int, forKey key: Key) throws {
        try writer.next(position, key)
        writer.write(integer: value)
    }

    func encode(_ value: Double, forKey key: Key) throws {
        try writer.next(position, key)
        try writer.write(real: value)
    }

    func encode(_ value: some Encodable, forKey key: Key) throws {
        try writer.next(position, key)
        try writer.write(value)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        superEncoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        superEncoder(forKey: key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { writer.nested { try writer.next(position, SuperKey()) } }

    func superEncoder(forKey key: Key) -> any Encoder { writer.nested { try writer.next(position, key) } }
}

private struct SuperKey: CodingKey {
    var stringValue: String { "super" }
    var intValue: Int? { nil }

    init() {}
    init?(stringValue: String) { nil }
    init?(intValue: Int) { nil }
}

struct UnkeyedWriter: UnkeyedEncodingContainer {
    let writer: JSONWriter
    let position: JSONWriter.Position

    var codingPath: [any CodingKey] { [] }
    var count: Int { writer.count(position) }

    func encodeNil() throws {
        try writer.next(position)
        writer.writeNull()
    }

    func encode(_ value: some Encodable) throws {
        try writer.next(position)
        try writer.write(value)
    }

    func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        superEncoder().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { superEncoder().unkeyedContainer() }

    func superEncoder() -> any Encoder { writer.nested { try writer.next(position) } }
}

struct SingleValueWriter: SingleValueEncodingContainer {
    let writer: JSONWriter

    var codingPath: [any CodingKey] { [] }

    func encodeNil() { scalar { $0.writeNull() } }
    func encode(_ value: Bool) { scalar { $0.write(flag: value) } }
    func encode(_ value: String) { scalar { $0.write(text: value) } }
    func encode(_ value: some BinaryInteger & Encodable) { scalar { $0.write(integer: value) } }
    func encode(_ value: Double) throws { try scalar { try $0.write(real: value) } }
    func encode(_ value: Float) throws { try scalar { try $0.write(real: value) } }
    func encode(_ value: some Encodable) throws { try value.encode(to: writer) }

    private func scalar(_ write: (JSONWriter) throws -> Void) rethrows {
        writer.scalar()
        try write(writer)
    }
}
