/// The type of the keys with which a dictionary encodes itself; the standard library doesn't name it.
enum DictionaryKey {
    static let string: ObjectIdentifier? = {
        let probe = Probe()
        try? [String: Int]().encode(to: probe)
        return probe.key
    }()

    /// An encoder that keeps the type of the keys that it is asked for.
    private final class Probe: Encoder {
        private let writer = JSONWriter()
        var key: ObjectIdentifier?
        var codingPath: [any CodingKey] { [] }
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        init() { _ = writer.begin() }

        func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
            key = ObjectIdentifier(type)
            return KeyedEncodingContainer(KeyedWriter(writer: writer, position: writer.begin()))
        }

        func unkeyedContainer() -> any UnkeyedEncodingContainer { writer.unkeyedContainer() }

        func singleValueContainer() -> any SingleValueEncodingContainer { writer.singleValueContainer() }
    }
}
