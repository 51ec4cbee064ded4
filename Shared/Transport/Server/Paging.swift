import Contracts

/// `limit` (1 to 500, by default 50) and `cursor` of a list, as every list takes them.
package struct Paging: Sendable {
    package var limit: Int
    /// The last item of the page before; opaque to callers.
    package var after: String?

    /// - Throws: 422 for a limit out of range or a cursor that wasn't ours.
    package init(_ call: Call) throws {
        limit = 50
        if let text = call.query("limit") {
            guard let limit = Int(text), (1...500).contains(limit) else {
                throw Problem.invalidRequest([FieldError(pointer: "/limit", detail: "must be a whole number from 1 to 500")])
            }
            self.limit = limit
        }
        if let cursor = call.query("cursor") {
            guard let after = Self.decode(cursor) else {
                throw Problem.foreignCursor
            }
            self.after = after
        }
    }

    /// Half of what our own clients take.
    static let largestAnswer = 524_288

    /// The page of `items`, which were read with a limit of one more than ``limit``, to see whether more follow: fewer than asked
    /// for, where so many would be an answer that no client takes.
    package func answer<Item: Codable & Sendable>(_ items: [Item], position: (Item) -> String) throws -> Answer {
        var limit = limit
        while true {
            let body = try JSON.encode(page(items, limit, position))
            if body.count <= Self.largestAnswer || limit == 1 { return .json(200, encoded: body) }
            limit = max(1, limit * Self.largestAnswer / body.count)
        }
    }

    private func page<Item>(_ items: [Item], _ limit: Int, _ position: (Item) -> String) -> Page<Item> {
        guard items.count > limit, let last = items.prefix(limit).last else { return Page(items: items) }
        return Page(items: Array(items.prefix(limit)), nextCursor: Self.encode(position(last)))
    }

    private static let alphabet = Array("0123456789abcdef".utf8)

    private static func encode(_ position: String) -> String {
        String(decoding: position.utf8.flatMap { [alphabet[Int($0 >> 4)], alphabet[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func decode(_ cursor: String) -> String? {
        let digits = cursor.utf8.compactMap { alphabet.firstIndex(of: $0) }
        guard digits.count == cursor.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension Problem {
    package static let foreignCursor = invalidRequest([
        FieldError(pointer: "/cursor", detail: "is not a cursor of this list")
    ])
}
