import Foundation
import TestSupport
import Testing
import Transport

@testable import InventoryService

@Suite("OpenAPI of inventory")
struct OpenAPITests {
    private struct Document: Decodable {
        struct Operation: Decodable { var operationId: String? }
        struct PathItem: Decodable {
            var get: Operation?
            var post: Operation?
            var put: Operation?
            var delete: Operation?
        }
        var openapi: String
        var paths: [String: PathItem]
    }

    private static let standard: Set = [
        "GET /livez", "GET /readyz", "GET /metrics", "GET /openapi.json", "GET /queue", "GET /queue/dead",
        "POST /queue/dead/redrive",
    ]

    @Test("the served document names every route, and only those")
    func routes() async throws {
        try await withInventory(["A": 5]) { inventory in
            let document: Document = try await inventory.get("/openapi.json").decode()
            #expect(document.openapi.hasPrefix("3.1"))
            let described = document.paths.flatMap { path, item in
                [("GET", item.get), ("POST", item.post), ("PUT", item.put), ("DELETE", item.delete)]
                    .filter { $0.1?.operationId != nil }.map { "\($0.0) \(path)" }
            }
            let served = inventory.application.routes.map { "\($0.method) \($0.path)" }
            #expect(Set(described) == Self.standard.union(served))
            for route in Self.standard where route.hasPrefix("GET") {
                #expect(try await inventory.get(String(route.dropFirst(4))).status == 200)
            }
        }
    }
}
