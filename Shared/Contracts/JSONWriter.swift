/// Writes a value as JSON with the members of its structures in the order in which they are declared; those
/// of dictionaries in the order of their keys. The same value is the same text, in every process.
///
/// Foundation's encoder has either no order or that of the names. Otherwise it writes as that does, `/` not
/// escaped, but for `Date` and `Data`, which no wire value has.
///
/// A value is written straight into ``bytes``. ``open`` says which objects and arrays have no end yet: one
/// ends when its parent goes on. A container that is used after its parent went on throws.
final class JSONWriter: Encoder {
    /// A value that is being written.
    private struct Open {
        enum Kind {
            /// Nothing is known of it yet.
            case undecided
            case scalar, object, array
            /// With where each member begins.
            case dictionary([(key: String, start: Int)])
        }

        let id: Int
        /// Where it begins in ``bytes``.
        let start: Int
        var kind = Kind.undecided
        var count = 0
    }

    /// One of the values in ``open``: its place there and its id, by which a container knows its own.
    struct Position {
        let depth: Int
        let id: Int
    }

    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]
    private var bytes: [UInt8] = []
    private var open: [Open] = []
    private var lastId = 0
    /// Of a nested container, which can't throw when it is made.
    private var failure: (any Error)?

    static func write(_ value: some Encodable) throws -> [UInt8] {
        let writer = JSONWriter()
        writer.bytes.reserveCapacity(512)
        try writer.write(value)
        if let failure = writer.failure { throw failure }
        return writer.bytes
    }

    // MARK: Values

    /// Writes a value where one is expected.
    func write<Value: Encodable>(_ value: Value) throws {
        let position = begin()
        try value.encode(to: self)
        end(position.depth)
    }

    func write(text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { characters in
            guard characters.contains(where: Self.isEscaped) else {
                return bytes.append(contentsOf: characters)
            }
            for character in characters { writeEscaped(character) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isEscaped(_ character: UInt8) -> Bool {
        character < 0x20 || character == UInt8(ascii: "\"") || character == UInt8(ascii: "\\")
    }

    private func writeEscaped(_ character: UInt8) {
        guard Self.isEscaped(character) else { return bytes.append(character) }
        switch character {
        case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
        case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
        case 0x08: bytes.append(contentsOf: #"\b"#.utf8)
        case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
        case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
        case 0x0C: bytes.append(contentsOf: #"\f"#.utf8)
        case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
        default:
            bytes.append(contentsOf: character < 0x10 ? #"\u000"#.utf8 : #"\u00"#.utf8)
            bytes.append(contentsOf: String(character, radix: 16).utf8)
        }
    }

    func write(integer: some BinaryInteger) { bytes.append(contentsOf: integer.description.utf8) }

    func write(flag: Bool) { bytes.append(contentsOf: flag ? "true".utf8 : "false".utf8) }

    func writeNull() { bytes.append(contentsOf: "null".utf8) }

    /// - Throws: `EncodingError` for what isn't finite: JSON has no number for it.
    func write(real number: some BinaryFloatingPoint & LosslessStringConvertible) throws {
        guard number.isFinite else { throw error("\(number) is no number in JSON", number) }
        let text = number.description
        bytes.append(contentsOf: text.hasSuffix(".0") ? text.dropLast(2).utf8 : text[...].utf8)
    }

    // MARK: Structure

    /// Expects a value here.
    func begin() -> Position {
        lastId += 1
        open.append(Open(id: lastId, start: bytes.count))
        return Position(depth: open.count - 1, id: lastId)
    }

    /// The value that is expected, to be written by a container.
    private func current(_ kind: Open.Kind, begin character: Character?) -> Position {
        let depth = open.count - 1
        if case .undecided = open[depth].kind {
            open[depth].kind = kind
            if let character { bytes.append(character.asciiValue ?? 0) }
        }
        return Position(depth: depth, id: open[depth].id)
    }

    /// Ends all that is deeper than the object or array at `position`, to go on there with another value.
    func next(_ position: Position) throws {
        guard position.depth < open.count, open[position.depth].id == position.id else {
            throw error("a container was used after another one of its parent", nil as Int?)
        }
        end(position.depth + 1)
        if open[position.depth].count > 0 { bytes.append(UInt8(ascii: ",")) }
        open[position.depth].count += 1
    }

    func next(_ position: Position, _ key: some CodingKey) throws {
        try next(position)
        let name = key.stringValue
        if case .dictionary(var members) = open[position.depth].kind {
            open[position.depth].kind = .undecided
            members.append((name, bytes.count))
            open[position.depth].kind = .dictionary(members)
        }
        write(text: name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Expects a value at the place that `next` goes on to.
    func nested(_ next: () throws -> Void) -> any Encoder {
        do { try next() } catch { failure = error }
        _ = begin()
        return self
    }

    func count(_ position: Position) -> Int { open[position.depth].count }

    /// Ends the values from `depth` on, the innermost first.
    private func end(_ depth: Int) {
        while open.count > depth, let value = open.popLast() {
            switch value.kind {
            // Something that writes nothing of itself is an object without members, as it is for Foundation.
            case .undecided: bytes.append(contentsOf: "{}".utf8)
            case .scalar: break
            case .array: bytes.append(UInt8(ascii: "]"))
            case .object: bytes.append(UInt8(ascii: "}"))
            case .dictionary(let members):
                sort(members)
                bytes.append(UInt8(ascii: "}"))
            }
        }
    }

    /// Puts the members at the end of ``bytes`` into the order of their keys.
    private func sort(_ members: [(key: String, start: Int)]) {
        guard let first = members.first else { return }
        let ends = members.dropFirst().map { $0.start - 1 } + [bytes.count]
        let sorted = zip(members, ends).sorted { $0.0.key < $1.0.key }
            .map { bytes[$0.0.start..<$0.1] }
        bytes.replaceSubrange(first.start..., with: Array(sorted.joined(separator: ",".utf8)))
    }

    private func error<Value>(_ words: String, _ value: Value) -> EncodingError {
        .invalidValue(value as Any, .init(codingPath: [], debugDescription: words))
    }

    // MARK: Encoder

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        let kind = ObjectIdentifier(type) == DictionaryKey.string ? Open.Kind.dictionary([]) : .object
        return KeyedEncodingContainer(KeyedWriter(writer: self, position: current(kind, begin: "{")))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        UnkeyedWriter(writer: self, position: current(.array, begin: "["))
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleValueWriter(writer: self) }

    /// What is written next is the expected value itself.
    func scalar() { _ = current(.scalar, begin: nil) }
}
