import Foundation

/// Numbers that no `Double` can hold, such as `1e400`: Foundation refuses a whole text because of one,
/// without a position.
enum HugeNumbers {
    /// `body` with an empty object instead of each. Every byte is read once; what isn't JSON stays so.
    static func masked(_ body: some Sequence<UInt8>) -> [UInt8] {
        var bytes = Array(body)
        var position = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): skipString(bytes, &position)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let start = position
                while position < bytes.count, isOfNumber(bytes[position]) { position += 1 }
                let text = String(decoding: bytes[start..<position], as: UTF8.self)
                guard isNumber(bytes[start..<position]), Double(text)?.isFinite != true else { continue }
                // An empty object fits: the shortest such number is `1e309`.
                for index in start..<position { bytes[index] = UInt8(ascii: " ") }
                bytes[start] = UInt8(ascii: "{")
                bytes[start + 1] = UInt8(ascii: "}")
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
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                rest = rest.dropFirst()
            }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
