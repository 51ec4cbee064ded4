import Contracts
package import Foundation
package import GRDB
package import Resilience

/// A list in the order of a key, read page by page: each page begins past the last one's key (keyset
/// pagination), so that it costs what it shows.
///
/// The key has an index. The first filter that is given is looked up in another, which has the list's order
/// as well; the others only sift what that finds: the `+` before their columns keeps them from an index.
/// SQLite has no statistics here, and would choose any.
package struct KeysetList: Sendable {
    /// Conditions of one value each, such as `"status = ?"`; nil as a value asks for all. The one with the
    /// fewest rows a value comes first.
    package typealias Filters = KeyValuePairs<String, (any DatabaseValueConvertible)?>

    package enum Direction: String, Sendable {
        case ascending = "ASC"
        case descending = "DESC"
    }

    /// An entry, whose JSON is made once the rows are read: that takes a hundred times as long as reading.
    package struct Item: Sendable {
        /// What a cursor holds: the first column of the row.
        package internal(set) var position = ""
        /// About how much of the row is kept until then.
        let bytes: Int
        package let encoded: @Sendable () throws -> Data

        package init(bytes: Int = 0, encoded: @escaping @Sendable () throws -> Data) {
            self.bytes = bytes
            self.encoded = encoded
        }

        package static func json(_ value: some Encodable & Sendable) -> Item {
            Item { try JSON.encode(value) }
        }
    }

    package struct Page: Sendable {
        package internal(set) var items: [Item] = []
        package internal(set) var areMore = false
    }

    private struct Conditions {
        var sql: [String] = []
        var values: [DatabaseValue] = []

        init(_ filters: Filters) {
            for case (let condition, let value?) in filters {
                sql.append(sql.isEmpty ? condition : "+\(condition)")
                values.append(value.databaseValue)
            }
        }
    }

    private let store: Store
    private let select: String
    private let key: String
    private let direction: Direction
    private let cursor: String
    /// A row that fulfils one of them is in the list; none fulfils two.
    private let alternatives: [Conditions]
    private let item: @Sendable (Database, Row) throws -> Item

    /// - Parameters:
    ///   - select: `SELECT … FROM …`, whose first column is unique and tells where a page ended.
    ///   - key: the column in whose order the list is; of text, unless it is descending.
    ///   - others: the rows that fulfil these are in the list as well.
    ///   - cursor: what `key` is compared with, made of the first column of the last page's last row.
    ///   - item: may read more of the same snapshot.
    package init(
        _ store: Store, _ select: String, by key: String, _ direction: Direction = .ascending,
        where filters: Filters = [:],
        or others: Filters? = nil, cursor: String = "?",
        item: @escaping @Sendable (Database, Row) throws -> Item
    ) {
        self.store = store
        self.select = select
        self.key = key
        self.direction = direction
        self.cursor = cursor
        self.item = item
        alternatives = ([filters] + (others.map { [$0] } ?? [])).map(Conditions.init)
    }

    /// Reads a page, and makes the answer of it, in the list's turn: see ``Store/list(until:_:answer:)``.
    /// - Parameters:
    ///   - position: where the page before ended; nil begins the list.
    ///   - bytes: a page whose rows have more ends early.
    package func page<Answer: Sendable>(
        after position: String?, limit: Int, bytes: Int, until deadline: Deadline,
        answer: @Sendable (Page) async throws -> Answer
    ) async throws -> Answer {
        try await store.list(until: deadline) { database in
            try read(database, after: position, limit: limit, bytes: bytes)
        } answer: {
            try await answer($0)
        }
    }

    private func read(_ database: Database, after position: String?, limit: Int, bytes: Int) throws -> Page {
        let (sql, values) = statement(after: position)
        // One more shows whether more follow.
        let rows = try Row.fetchCursor(
            database.cachedStatement(sql: sql), arguments: StatementArguments(values + [limit + 1]))
        var page = Page()
        var read = 0
        while let row = try rows.next() {
            page.areMore = page.items.count == limit || read > bytes
            if page.areMore { break }
            var item = try item(database, row)
            item.position = row[0]
            page.items.append(item)
            read += item.bytes
        }
        return page
    }

    private func statement(after position: String?) -> (sql: String, values: [any DatabaseValueConvertible]) {
        var values: [any DatabaseValueConvertible] = []
        let selects = alternatives.map { conditions in
            var sql = conditions.sql
            values += conditions.values
            // Every text is greater than the empty one. It finds the rows by the key where there are no
            // filters but those that sift.
            if let position = position ?? (direction == .ascending ? "" : nil) {
                sql.append("\(key) \(direction == .ascending ? ">" : "<") \(cursor)")
                values.append(position)
            }
            return sql.isEmpty ? select : "\(select) WHERE \(sql.joined(separator: " AND "))"
        }
        let all = selects.joined(separator: " UNION ALL ")
        return ("\(all) ORDER BY \(key) \(direction.rawValue) LIMIT ?", values)
    }
}
