import Contracts
package import Foundation

/// `limit` (1 to 500, by default 50) and `cursor` of a list, as every list takes them.
package struct Paging: Sendable {
    package var limit: Int
    /// The last item of the page before; opaque to callers.
    package var after: String?

    /// - Parameters:
    ///   - filters: the list's other parameters.
    ///   - check: records a limit out of range, a foreign cursor, and parameters that the list doesn't have:
    ///     a misspelt filter would otherwise filter nothing.
    package init(_ call: Call, filters: [String] = [], _ check: inout FieldCheck) {
        let known = ["limit", "cursor"] + filters
        call.refuseQuery(except: known, &check)
        limit = call.query("limit").flatMap { Int($0) ?? 0 } ?? 50
        check.number(limit, in: 1...500, "/limit")
        if let cursor = call.query("cursor") {
            after = Self.decode(cursor)
            check(after != nil, "/cursor", Self.foreignCursor)
        }
    }

    /// The error for another list's cursor.
    package static let foreignCursor = "is not a cursor of this list"

    /// 200 with the page of `items`, encoded off the event loop where there are many.
    ///
    /// A page whose documents have more than ``largestPage`` bytes ends early; its cursor leads on from
    /// there.
    /// - Parameters:
    ///   - items: read with a limit of one more than ``limit``, to see whether more follow.
    ///   - areMore: whether more follow although `items` are fewer.
    package func answer<Item: Encodable & Sendable>(
        _ items: [Item], areMore: Bool = false, position: @escaping @Sendable (Item) -> String
    ) async throws -> Answer {
        try await answer(items, areMore: areMore, position: position) { try JSON.encode($0) }
    }

    /// The same, for items that encode themselves.
    package func answer<Item: Sendable>(
        _ items: [Item], areMore: Bool = false, position: @escaping @Sendable (Item) -> String,
        encode: @escaping @Sendable (Item) throws -> Data
    ) async throws -> Answer {
        let page = { @Sendable in try encoded(items, areMore, position, encode) }
        let body = items.count > Self.fewItems ? try await LargeValues.run(page) : try page()
        return .json(200, encoded: body)
    }

    /// Encoding a document takes 5 to 50 µs.
    private static let fewItems = 20
    /// Half of what our own clients accept, since a page ends after the document that goes beyond.
    package static let largestPage = 1 << 19

    private func encoded<Item>(
        _ items: [Item], _ areMore: Bool, _ position: (Item) -> String, _ encode: (Item) throws -> Data
    ) throws -> Data {
        var body = Data(#"{"items":["#.utf8)
        var last: Item?
        var count = 0
        for item in items.prefix(limit) where body.count < Self.largestPage {
            if count > 0 { body.append(UInt8(ascii: ",")) }
            body.append(try encode(item))
            last = item
            count += 1
        }
        let cursor = areMore || count < items.count ? last.map { "\"\(Self.encode(position($0)))\"" } : nil
        body.append(contentsOf: #"],"nextCursor":\#(cursor ?? "null")}"#.utf8)
        return body
    }

    private static let alphabet = Array("0123456789abcdef".utf8)

    private static func encode(_ position: String) -> String {
        String(
            decoding: position.utf8.flatMap { [alphabet[Int($0 >> 4)], alphabet[Int($0 & 15)]] },
            as: UTF8.self)
    }

    private static func decode(_ cursor: String) -> String? {
        let digits = cursor.utf8.compactMap { alphabet.firstIndex(of: $0) }
        guard digits.count == cursor.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
        return String(validating: bytes, as: UTF8.self)
    }
}
