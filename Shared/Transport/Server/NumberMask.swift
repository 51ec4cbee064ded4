/// Makes a JSON text's unusable numbers into values that a decoder names in its error.
///
/// Foundation's decoder reports a number that doesn't fit its field as "not valid JSON", without saying where, the same as a
/// missing brace. With each such number replaced by a value of another type, the same decoder reports the field that it
/// wanted a number for. Numbers in fields that it doesn't read stay without consequence.
enum NumberMask {
    /// The whole numbers that a kind of field takes.
    struct Whole {
        var least: Int
        var most: UInt64

        static let any = Whole(least: .min, most: .max)
        static let signed = Whole(least: .min, most: UInt64(Int.max))
        static let unsigned = Whole(least: 0, most: .max)
    }

    /// What a decoder of ``mask(_:keeping:)``'s result has to take for "not a number": a fraction is wrong for a whole-number
    /// field only, so a `Double` field must accept what stands in its place.
    static let fraction = ""

    /// `body`, with every number replaced that isn't one of `kept`: by an empty string, or by an empty object where no `Double`
    /// can hold it either. Each byte is looked at once; what isn't JSON stays so.
    static func mask(_ body: some Sequence<UInt8>, keeping kept: Whole) -> [UInt8] {
        var bytes = Array(body)
        var position = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): skipString(bytes, &position)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let start = position
                while position < bytes.count, isOfNumber(bytes[position]) { position += 1 }
                guard isNumber(bytes[start..<position]) else { continue }
                let text = String(decoding: bytes[start..<position], as: UTF8.self)
                guard let replacement = replacement(for: text, keeping: kept) else { continue }
                // It fits: the shortest number that is replaced is `-1`.
                for (index, byte) in replacement.utf8.enumerated() { bytes[start + index] = byte }
                for index in (start + replacement.utf8.count)..<position { bytes[index] = UInt8(ascii: " ") }
            default: position += 1
            }
        }
        return bytes
    }

    private static func skipString(_ bytes: [UInt8], _ position: inout Int) {
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        position += 1
    }

    /// Nil: the number stays.
    private static func replacement(for text: String, keeping kept: Whole) -> String? {
        if let whole = Int(text) { return whole >= kept.least ? nil : "\"\"" }
        if let whole = UInt64(text) { return whole <= kept.most ? nil : "\"\"" }
        guard let number = Double(text), number.isFinite else { return "{}" }
        // `1.0` and `1e3` are whole numbers to the decoder.
        return Int(exactly: number) == nil ? "\"\"" : nil
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    /// RFC 8259, section 6.
    private static func isNumber(_ token: ArraySlice<UInt8>) -> Bool {
        var rest = token
        func digits() -> Int {
            let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let isZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole == 1 || whole > 1 && !isZero else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if let exponent = rest.first, exponent == UInt8(ascii: "e") || exponent == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
