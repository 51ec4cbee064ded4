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

    /// 16 lower-case hexadecimal digits.
    mutating func append(hex number: UInt64) {
        for index in 0..<16 { bytes.append(number.hexDigit(index)) }
    }

    /// A number in decimal digits.
    mutating func append(_ number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
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
        // Most text needs no escaping.
        var text = text
        let isPlain = text.withUTF8 { characters in
            guard characters.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c }) else {
                return false
            }
            bytes.append(contentsOf: characters)
            return true
        }
        if isPlain { return }
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

extension UInt64 {
    /// The lower-case hexadecimal digit at `index`, 0 … 15 from the left.
    func hexDigit(_ index: Int) -> UInt8 {
        let digit = UInt8(truncatingIfNeeded: self >> UInt64(60 - 4 * index)) & 15
        return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}
