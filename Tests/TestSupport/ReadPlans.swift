import Foundation
import GRDB
import Resilience
import Runtime
import Storage

/// The query plans of a service's GET routes: all routes of its OpenAPI document, with every combination of
/// filters, for the first page and a later one.
extension RunningService {
    /// Statements whose cost grows with the store, as `GET path: step of the plan: SQL`. That is a statement
    /// that
    ///
    /// - sorts (`USE TEMP B-TREE`),
    /// - scans a table and filters it: only an unfiltered list, which ends at its limit, may scan,
    /// - uses an index for none of a list's filters.
    ///
    /// - Parameters:
    ///   - small: tables that don't grow with the work of the service; these may be scanned.
    ///   - inMemory: lists that read no store.
    package func costlyReads(small: Set<String> = [], inMemory: Set<String> = []) async throws -> [String] {
        var costly: [String] = []
        for read in try await reads() {
            let statements = try await statements { try await get(read.path) }
            if statements.isEmpty, read.isList, !inMemory.contains(read.route) {
                costly.append("GET \(read.path): no statement")
            }
            for sql in statements {
                let steps = try await plan(of: sql).filter { step in
                    Self.isCostly(
                        step, of: sql, isFiltered: read.isFiltered, small: small.union(["queue_counts"]))
                }
                costly += steps.map { "GET \(read.path): \($0): \(sql)" }
            }
        }
        return costly
    }

    private static func isCostly(_ step: String, of sql: String, isFiltered: Bool, small: Set<String>) -> Bool
    {
        let words = step.split(separator: " ")
        if step.contains("TEMP B-TREE") { return true }
        guard words.count > 1, !small.contains(String(words[1])) else { return false }
        switch words[0] {
        case "SCAN": return words[1] != "CONSTANT" && (sql.contains("WHERE") || !sql.contains("LIMIT"))
        case "SEARCH": return isFiltered && !step.contains("=?")
        default: return false
        }
    }

    private struct Read {
        var route: String
        var path: String
        var isList: Bool
        var isFiltered: Bool
    }

    private func reads() async throws -> [Read] {
        let document = try Described(await get("/openapi.json").body)
        return document.gets.flatMap { route, parameters -> [Read] in
            let path = route.split(separator: "/").map { $0.hasPrefix("{") ? "x" : $0 }.joined(separator: "/")
            let isList = parameters.contains { $0.name == "cursor" }
            let filters = parameters.filter { !["limit", "cursor"].contains($0.name) }
            var queries = [[String]()]
            for filter in filters {
                queries += queries.flatMap { query in filter.values.map { query + ["\(filter.name)=\($0)"] } }
            }
            // "1", as the cursor of a list: a text, and a number where ids are numbers.
            let pages = isList ? [[], ["cursor=31"]] : [[]]
            return queries.flatMap { query in
                pages.map { page in
                    let all = (query + page).joined(separator: "&")
                    return Read(
                        route: route, path: "/\(path)" + (all.isEmpty ? "" : "?\(all)"), isList: isList,
                        isFiltered: !query.isEmpty)
                }
            }
        }
    }

    /// The queries that the service compiles during `body`. Sequential requests always get the same
    /// connection.
    private func statements(_ body: () async throws -> TestAnswer) async throws -> [String] {
        let seen = Locked<[String]>([])
        try await application.store.read { database in
            database.trace { event in
                guard case .statement(let statement) = event, statement.sql.contains("SELECT") else { return }
                // Ignores the sweep, which may run now beside the requests.
                guard !statement.sql.contains("json_each") else { return }
                seen.withLock { $0.append(statement.sql) }
            }
        }
        _ = try await body()
        try await application.store.read { $0.trace(options: []) }
        return seen.withLock { $0 }
    }

    private func plan(of sql: String) async throws -> [String] {
        try await application.store.read { database in
            let statement = try database.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
            // The plan is made for any values, like that of a cached statement.
            statement.setUncheckedArguments(StatementArguments())
            return try Row.fetchAll(statement).map { $0["detail"] }
        }
    }
}

/// The GET routes of an OpenAPI document with their query parameters.
private struct Described {
    struct Parameter {
        var name: String
        /// One value for each that the schema lists, or any text.
        var values: [String]
    }

    let gets: [(route: String, parameters: [Parameter])]

    init(_ json: Data) throws {
        let document = try JSONSerialization.jsonObject(with: json) as? [String: Any] ?? [:]
        func resolved(_ object: [String: Any]) -> [String: Any] {
            guard let reference = object["$ref"] as? String else { return object }
            let names = reference.split(separator: "/").dropFirst().map(String.init)
            return names.reduce(document) { $0[$1] as? [String: Any] ?? [:] }
        }
        let paths = document["paths"] as? [String: [String: Any]] ?? [:]
        gets = paths.sorted { $0.key < $1.key }.compactMap { route, item in
            guard let get = item["get"] as? [String: Any] else { return nil }
            let parameters = (get["parameters"] as? [[String: Any]] ?? []).map(resolved).filter {
                $0["in"] as? String == "query"
            }
            return (
                route,
                parameters.map { parameter in
                    let schema = resolved(parameter["schema"] as? [String: Any] ?? [:])
                    return Parameter(
                        name: parameter["name"] as? String ?? "", values: schema["enum"] as? [String] ?? ["x"]
                    )
                }
            )
        }
    }
}
