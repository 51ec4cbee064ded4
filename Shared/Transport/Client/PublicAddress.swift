import Foundation

/// Which addresses lie beyond this network.
enum PublicAddress {
    /// Prefixes that are this machine's, a private network's or not for one receiver (IANA's special-purpose
    /// registries).
    private static let special4: [(UInt32, Int)] = [
        (0x0000_0000, 8), (0x0a00_0000, 8), (0x6440_0000, 10), (0x7f00_0000, 8), (0xa9fe_0000, 16),
        (0xac10_0000, 12), (0xc000_0000, 24), (0xc0a8_0000, 16), (0xc612_0000, 15), (0xe000_0000, 3),
    ]

    /// - Parameter text: an address as `inet_ntop` writes it; any other text is none.
    static func isPublic(_ text: String) -> Bool {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return isPublic(UInt32(bigEndian: four.s_addr)) }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return false }
        return isPublic(withUnsafeBytes(of: &six) { Array($0) })
    }

    private static func isPublic(_ four: UInt32) -> Bool {
        !special4.contains { prefix, length in (four ^ prefix) >> (32 - length) == 0 }
    }

    private static func isPublic(_ six: [UInt8]) -> Bool {
        let last = six[12...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        // An IPv4 address in disguise: mapped, and that of NAT64.
        if six[..<10].allSatisfy({ $0 == 0 }), six[10] == 0xff, six[11] == 0xff { return isPublic(last) }
        if six[..<12].elementsEqual([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]) { return isPublic(last) }
        // 2000::/3 is what is routed, less 6to4.
        return six[0] & 0xe0 == 0x20 && !(six[0] == 0x20 && six[1] == 0x02)
    }
}
