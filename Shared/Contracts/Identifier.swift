/// Ids that sort by the time they were made: a prefix that says of what, then a ULID (48 bits of milliseconds
/// and 80 random bits, in Crockford's base 32; github.com/ulid/spec).
package enum Identifier {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// `prefix` followed by 26 characters.
    package static func make(_ prefix: String, at time: Timestamp) -> String {
        var random = (UInt64.random(in: 0...UInt64.max), UInt16.random(in: 0...UInt16.max))
        var digits = [UInt8](repeating: 0, count: 16)
        for index in digits.indices.reversed() {
            digits[index] = alphabet[Int(random.0 & 31)]
            random.0 = random.0 >> 5 | UInt64(random.1 & 31) << 59
            random.1 >>= 5
        }
        return first(prefix, at: time) + String(decoding: digits, as: UTF8.self)
    }

    /// What all ids of that millisecond begin with, and no earlier one: it sorts between the two.
    package static func first(_ prefix: String, at time: Timestamp) -> String {
        var milliseconds = UInt64(max(0, time.milliseconds)) & 0xFFFF_FFFF_FFFF
        var digits = [UInt8](repeating: 0, count: 10)
        for index in digits.indices.reversed() {
            digits[index] = alphabet[Int(milliseconds & 31)]
            milliseconds >>= 5
        }
        return prefix + String(decoding: digits, as: UTF8.self)
    }
}
