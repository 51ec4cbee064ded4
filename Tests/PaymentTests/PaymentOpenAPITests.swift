import Foundation
import PaymentService
import TestSupport
import Testing
import Transport

@Suite("The payment service's OpenAPI document", .timeLimit(.minutes(2)))
struct PaymentOpenAPITests {
    @Test("describes every route that is served, and no other")
    func describesTheRoutes() async throws {
        try await withPayments { service in
            let document = try JSONSerialization.jsonObject(with: await service.get("/openapi.json").body) as? [String: Any]
            #expect(document?["openapi"] as? String == "3.1.0")
            let paths = try #require(document?["paths"] as? [String: [String: Any]])
            let described = Set(paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
            let own = Set(service.application.routes.map { "\($0.method) \($0.path)" })
            let standard = described.subtracting(own)
            #expect(own.isSubset(of: described))
            #expect(
                standard == [
                    "GET /livez", "GET /readyz", "GET /metrics", "GET /openapi.json", "GET /queue", "GET /queue/dead",
                    "POST /queue/dead/redrive",
                ])
            for line in standard where line.hasPrefix("GET") {
                #expect(try await service.get(String(line.dropFirst(4))).status == 200)
            }
            let redriven = try await service.post("/queue/dead/redrive", token: TestTokens.administrator)
            #expect(redriven.status == 200)
        }
    }
}
