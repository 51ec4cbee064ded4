import Contracts
import Foundation

/// Reads a body that the ordinary decoder refused to its end: what is missing, of a wrong type or out of its
/// type's range is noted and replaced by a harmless value, so that the rest is read as well.
struct LenientDecoder: Decoder {
    /// What was found wrong so far.
    final class Findings {
        fileprivate(set) var errors: [FieldError] = []
        /// The maximum is reached, so that nothing more is looked for.
        fileprivate var areEnough: Bool { errors.count >= FieldCheck.most }

        fileprivate func hasOne(within pointer: String) -> Bool {
            errors.contains { $0.pointer == pointer || $0.pointer.hasPrefix(pointer + "/") }
        }
    }

    fileprivate enum Node {
        case given(Any)
        /// A replacement for what was noted: it has every field, and all of them fit.
        case standIn
    }

    fileprivate let node: Node
    let codingPath: [any CodingKey]
    fileprivate let findings: Findings
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Nil if nothing could replace what was wrong, or if the maximum was reached.
    ///
    /// - Parameter tree: the body as `JSONSerialization` reads it.
    static func read<Value: Decodable>(_ type: Value.Type, from tree: Any) -> (
        value: Value?, errors: [FieldError]
    ) {
        let findings = Findings()
        let decoder = LenientDecoder(node: .given(tree), codingPath: [], findings: findings)
        let value = try? decoder.read(type)
        return (value, findings.errors)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .given(let value) = node else {
            return KeyedDecodingContainer(Object(decoder: self, members: nil))
        }
        let members = value as? [String: Any]
        if members == nil { note(value, "must be an object") }
        return KeyedDecodingContainer(Object(decoder: self, members: members))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .given(let value) = node else { return List(decoder: self, elements: []) }
        let elements = value as? [Any]
        if elements == nil { note(value, "must be an array") }
        return List(decoder: self, elements: elements ?? [])
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }

    private struct Enough: Error {}

    fileprivate func read<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if findings.areEnough { throw Enough() }
        if let scalar = scalar(type) as? Value { return scalar }
        do {
            return try Value(from: self)
        } catch {
            if findings.areEnough { throw error }
            // A word or a time that is invalid, unless a part of it was noted already.
            if case .given = node, !findings.hasOne(within: pointer) {
                note("is not a value that this field can take")
            }
            if let standIn = try? Value(
                from: LenientDecoder(node: .standIn, codingPath: codingPath, findings: findings))
            {
                return standIn
            }
            guard let word = (type as? any CaseIterable.Type)?.anyCase as? Value else { throw error }
            return word
        }
    }

    /// Nil for what isn't a string, a number or a truth value.
    private func scalar(_ type: Any.Type) -> Any? {
        switch type {
        case is String.Type: scalar("must be a string", or: "1970-01-01T00:00:00Z") { $0 as? String }
        case is Bool.Type: scalar("must be true or false", or: false) { Self.isBool($0) ? $0 as? Bool : nil }
        case is Double.Type: scalar("must be a number", or: 0 as Double) { Self.number($0)?.doubleValue }
        case is Float.Type: scalar("must be a number", or: 0 as Float) { Self.number($0)?.floatValue }
        case let type as any FixedWidthInteger.Type: whole(type)
        default: nil
        }
    }

    private func whole<Whole: FixedWidthInteger>(_ type: Whole.Type) -> Any {
        scalar("must be a whole number", or: Whole.zero) { value in
            (Self.number(value) as? Int).flatMap(Whole.init(exactly:))
                ?? (Self.number(value) as? UInt64).flatMap(Whole.init(exactly:))
        }
    }

    private func scalar<Value>(_ detail: String, or standIn: Value, _ read: (Any) -> Value?) -> Value {
        guard case .given(let value) = node else { return standIn }
        if let read = read(value) { return read }
        // An empty object is a number that no field takes (``HugeNumbers``).
        let isNumber = Self.number(value) != nil || (value as? [String: Any])?.isEmpty == true
        note(value, isNumber && detail.hasSuffix("number") ? "\(detail) in range" : detail)
        return standIn
    }

    private static func number(_ value: Any) -> NSNumber? { isBool(value) ? nil : value as? NSNumber }

    private static func isBool(_ value: Any) -> Bool {
        (value as? NSNumber).map { String(cString: $0.objCType) == "c" } ?? false
    }

    private func note(_ value: Any, _ detail: String) { note(value is NSNull ? "must not be null" : detail) }

    private func note(_ detail: String) {
        if !findings.areEnough { findings.errors.append(FieldError(pointer: pointer, detail: detail)) }
    }

    /// RFC 6901.
    private var pointer: String {
        codingPath.map { key in
            "/"
                + (key.intValue.map(String.init)
                    ?? key.stringValue.replacing("~", with: "~0").replacing("/", with: "~1"))
        }.joined()
    }

    fileprivate func child(_ node: Node, at key: any CodingKey) -> LenientDecoder {
        LenientDecoder(node: node, codingPath: codingPath + [key], findings: findings)
    }

    fileprivate func missing(_ key: any CodingKey) -> LenientDecoder {
        let missing = child(.standIn, at: key)
        missing.note("is required")
        return missing
    }
}

extension CaseIterable {
    fileprivate static var anyCase: Any? { allCases.first }
}

/// One method reads every type: it is the witness of all the requirements that name one.
private struct Object<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: LenientDecoder
    /// Nil: a replacement, which has every member.
    let members: [String: Any]?
    var codingPath: [any CodingKey] { decoder.codingPath }
    var allKeys: [Key] {
        (members?.keys.sorted().prefix(List.longest) ?? []).compactMap(Key.init(stringValue:))
    }

    func contains(_ key: Key) -> Bool { members?[key.stringValue] != nil }
    func decodeNil(forKey key: Key) throws -> Bool { members?[key.stringValue] is NSNull }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try child(key).read(type)
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard contains(key), try !decodeNil(forKey: key) else { return nil }
        return try? child(key).read(type)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws
        -> KeyedDecodingContainer<Nested>
    { try child(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try child(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { decoder }
    func superDecoder(forKey key: Key) throws -> any Decoder { child(key) }

    private func child(_ key: Key) -> LenientDecoder {
        guard let members else { return decoder.child(.standIn, at: key) }
        return members[key.stringValue].map { decoder.child(.given($0), at: key) } ?? decoder.missing(key)
    }
}

private struct List: UnkeyedDecodingContainer {
    struct Index: CodingKey {
        let intValue: Int?
        var stringValue: String { intValue.map(String.init) ?? "" }
        init(intValue: Int) { self.intValue = intValue }
        init?(stringValue: String) { nil }
    }

    /// More elements are allowed nowhere, so the rest isn't read.
    static let longest = 1000

    let decoder: LenientDecoder
    let elements: ArraySlice<Any>
    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }
    private(set) var currentIndex = 0

    init(decoder: LenientDecoder, elements: [Any]) {
        self.decoder = decoder
        self.elements = elements.prefix(Self.longest)
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, elements[currentIndex] is NSNull else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().read(type) }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws
        -> KeyedDecodingContainer<Nested>
    {
        try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next().unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder { next() }

    private mutating func next() -> LenientDecoder {
        defer { currentIndex += 1 }
        let node: LenientDecoder.Node = isAtEnd ? .standIn : .given(elements[currentIndex])
        return decoder.child(node, at: Index(intValue: currentIndex))
    }
}

private struct Single: SingleValueDecodingContainer {
    let decoder: LenientDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool {
        if case .given(let value) = decoder.node { value is NSNull } else { false }
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.read(type) }
}
