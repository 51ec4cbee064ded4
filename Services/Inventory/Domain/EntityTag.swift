import Contracts

/// A strong validator (RFC 9110, 8.8): changes whenever the document does, and is the same after a restart.
struct EntityTag: Sendable, Hashable {
    let text: String

    init(_ product: Product) {
        // FNV-1a, 64 bits (draft-eastlake-fnv). The fields are hashed, since the order of a JSON object's
        // members may vary.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let fields = [
            product.sku, product.name, product.department, "\(product.unitPrice)", product.currency,
            "\(product.available)",
        ]
        for byte in fields.joined(separator: "\0").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        text = "\"\(String(hash, radix: 16))\""
    }

    /// Whether an `If-None-Match` header names this tag; compared weakly, as the RFC says.
    func matches(ifNoneMatch header: String) -> Bool {
        header.split(separator: ",").contains { candidate in
            let trimmed = candidate.drop { $0 == " " || $0 == "\t" }
            let tag = trimmed.hasPrefix("W/") ? trimmed.dropFirst(2) : trimmed
            let name = tag.prefix { $0 != " " && $0 != "\t" }
            return name == text || name == "*"
        }
    }
}
