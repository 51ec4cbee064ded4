/// Finds the numbers in a JSON text that no whole-number field can take, such as `1.5` or `1e400`.
///
/// Foundation's decoder reports them as "not valid JSON", the same as a missing brace; this tells the two apart. It runs only
/// after decoding has failed.
struct NumberScan {
    private struct NotJSON: Error {}

    private let bytes: [UInt8]
    private var position = 0
    private var path: [String] = []
    private var found: [String] = []
    /// As deep as Foundation's decoder goes.
    private static let deepest = 512

    /// JSON pointers to the numbers that aren't whole or too large; nil if the text isn't JSON.
    static func pointers(in text: some Sequence<UInt8>) -> [String]? {
        var scan = NumberScan(bytes: Array(text))
        do {
            try scan.value()
            scan.skipSpace()
            return scan.position == scan.bytes.count ? scan.found : nil
        } catch {
            return nil
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func value() throws {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): try members(until: "}", keyed: true)
        case UInt8(ascii: "["): try members(until: "]", keyed: false)
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
    }

    private mutating func members(until end: Unicode.Scalar, keyed: Bool) throws {
        guard path.count < Self.deepest else { throw NotJSON() }
        position += 1
        var index = 0
        skipSpace()
        if next == UInt8(ascii: end) { return position += 1 }
        while true {
            skipSpace()
            path.append(keyed ? try string() : "\(index)")
            if keyed {
                skipSpace()
                try expect(":")
            }
            try value()
            path.removeLast()
            index += 1
            skipSpace()
            if next == UInt8(ascii: end) { return position += 1 }
            try expect(",")
        }
    }

    /// The string as it is written, its escapes left alone but checked.
    private mutating func string() throws -> String {
        try expect("\"")
        let start = position
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw NotJSON() }
            if byte == UInt8(ascii: "\\") {
                position += 1
                guard let escaped = next, "\"\\/bfnrtu".utf8.contains(escaped) else { throw NotJSON() }
            }
            position += 1
        }
        guard let text = String(validating: bytes[start..<position], as: UTF8.self) else { throw NotJSON() }
        try expect("\"")
        // Lone surrogates are no characters; Foundation refuses them too.
        guard !text.contains(/\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])/) else { throw NotJSON() }
        return text
    }

    private mutating func number() throws {
        let start = position
        while let byte = next, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil else { throw NotJSON() }
        if Int(text) == nil { found.append(path.map { "/" + $0 }.joined()) }
    }

    private mutating func word(_ word: String) throws {
        guard bytes[position...].starts(with: word.utf8) else { throw NotJSON() }
        position += word.utf8.count
    }

    private mutating func expect(_ byte: Unicode.Scalar) throws {
        guard next == UInt8(ascii: byte) else { throw NotJSON() }
        position += 1
    }

    private mutating func skipSpace() {
        while let byte = next, " \t\r\n".utf8.contains(byte) { position += 1 }
    }
}
