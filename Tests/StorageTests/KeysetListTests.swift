import Foundation
import GRDB
import Resilience
import TestSupport
import Testing

@testable import Storage

@Suite("Lists are read page by page, in the order of a key")
struct KeysetListTests {
    private static let words = ["ant", "bee", "cat", "dog", "eel", "fox"]

    private let folder: TemporaryFolder
    private let store: Store

    init() async throws {
        folder = try TemporaryFolder()
        store = try open(folder)
        for word in Self.words { try await add(store, word) }
    }

    /// The texts of all pages.
    private func read(_ list: KeysetList, limit: Int, bytes: Int = .max) async throws -> [[String]] {
        var pages: [[String]] = []
        var position: String?
        var areMore = true
        while areMore {
            let page = try await list.page(
                after: position, limit: limit, bytes: bytes, until: .after(.seconds(3600))
            ) { $0 }
            pages.append(try page.items.map { String(decoding: try $0.encoded(), as: UTF8.self) })
            position = page.items.last?.position
            areMore = page.areMore
        }
        return pages
    }

    private func list(
        _ direction: KeysetList.Direction = .ascending,
        where filters: KeysetList.Filters = [:],
        or others: KeysetList.Filters? = nil, bytes: Int = 0
    ) -> KeysetList {
        KeysetList(store, "SELECT text, id FROM notes", by: "text", direction, where: filters, or: others) {
            _, row in
            let text: String = row[0]
            return KeysetList.Item(bytes: bytes) { Data(text.utf8) }
        }
    }

    @Test("page after page has every row once, in both directions", arguments: [1, 2, 3, 5, 6, 7])
    func pages(limit: Int) async throws {
        let up = try await read(list(), limit: limit)
        #expect(up.flatMap { $0 } == Self.words)
        #expect(up.dropLast().allSatisfy { $0.count == limit } && up.last?.isEmpty == false)
        let down = try await read(list(.descending), limit: limit)
        #expect(down.flatMap { $0 } == Self.words.reversed())
    }

    @Test("filters that are given sift, those that are nil don't")
    func filters() async throws {
        let none = list(where: ["id = ?": nil, "text > ?": nil])
        #expect(try await read(none, limit: 10) == [Self.words])
        let both = list(.descending, where: ["text = ?": nil, "id > ?": 2, "id < ?": 5])
        #expect(try await read(both, limit: 1) == [["dog"], ["cat"]])
        #expect(try await read(list(where: ["id = ?": 9]), limit: 1) == [[]])
    }

    @Test("rows of either of two conditions are in one order")
    func alternatives() async throws {
        let ends = list(where: ["id > ?": 5], or: ["id < ?": 3])
        #expect(try await read(ends, limit: 2) == [["ant", "bee"], ["fox"]])
    }

    @Test("a page whose rows have many bytes ends early, and the next one begins there")
    func bytes() async throws {
        let early = try await read(list(bytes: 10), limit: 5, bytes: 10)
        #expect(early == [["ant", "bee"], ["cat", "dog"], ["eel", "fox"]])
    }

    @Test("the order may be another column's than the one that a cursor holds")
    func cursor() async throws {
        let byNumber = KeysetList(
            store, "SELECT text FROM notes", by: "id", .descending,
            cursor: "(SELECT id FROM notes WHERE text = ?)"
        ) { _, row in
            let text: String = row[0]
            return KeysetList.Item { Data(text.utf8) }
        }
        #expect(try await read(byNumber, limit: 4) == [["fox", "eel", "dog", "cat"], ["bee", "ant"]])
    }
}
