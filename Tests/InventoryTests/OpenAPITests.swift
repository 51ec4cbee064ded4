import TestSupport
import Testing

@Suite("The inventory service's OpenAPI document", .timeLimit(.minutes(10)))
struct OpenAPITests {
    @Test("describes every route that is served, and no other")
    func routes() async throws {
        try await withInventory(["A": 5]) { inventory in
            let contract = try await inventory.contract()
            #expect(contract.described == contract.served)
        }
    }
}
