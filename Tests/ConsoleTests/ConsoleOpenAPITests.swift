import ConsoleService
import TestSupport
import Testing

@Suite("The console's OpenAPI document", .timeLimit(.minutes(10)))
struct ConsoleOpenAPITests {
    @Test("describes every route that is served, and no other")
    func describesTheRoutes() async throws {
        try await withService(ConsoleApplication.self) { service in
            let contract = try await service.contract()
            #expect(contract.described == contract.served)
        }
    }
}
