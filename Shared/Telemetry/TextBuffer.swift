/// The bytes of one log line, or of a JSON document, being built.
struct TextBuffer {
    private(set) var bytes: [UInt8] = []

    init() {
        bytes.reserveCapacity(256)
    }

    /// Text without characters that need escaping.
    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(bytes more: [UInt8]) {
        bytes.append(contentsOf: more)
    }

    mutating func append(_ timestamp: LogTime) {
        timestamp.write(to: &bytes)
    }

    /// Escapes control characters and line separators as JSON strings do (`\n`, `\u001b`); the rest is
    /// unchanged.
    mutating func appendEscaped(_ text: String) {
        appendEscaped(text, quotes: false)
    }

    /// A JSON string.
    mutating func appendQuoted(_ text: String) {
        append("\"")
        appendEscaped(text, quotes: true)
        append("\"")
    }

    /// Unchanged if it is one plain word, otherwise quoted.
    mutating func appendWord(_ text: String) {
        let isPlain = text.utf8.allSatisfy { byte in
            byte > UInt8(ascii: " ") && byte < 0x7f
                && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "=")
        }
        if isPlain, !text.isEmpty {
            append(text)
        } else {
            appendQuoted(text)
        }
    }

    private mutating func appendEscaped(_ text: String, quotes: Bool) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"" where quotes: append("\\\"")
            case "\\" where quotes: append("\\\\")
            case " "..."~": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            case "\n": append("\\n")
            case "\r": append("\\r")
            case "\t": append("\\t")
            // C0 and C1 controls, and characters that some readers take for the end of a line.
            case "\0"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}": appendCode(scalar)
            default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }

    private mutating func appendCode(_ scalar: Unicode.Scalar) {
        let digits = String(scalar.value, radix: 16)
        append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
    }
}
