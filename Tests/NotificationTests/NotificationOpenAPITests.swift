import NotificationService
import TestSupport
import Testing

@Suite("The notification service's OpenAPI document", .timeLimit(.minutes(10)))
struct NotificationOpenAPITests {
    @Test("describes every route that is served, and no other")
    func describesTheRoutes() async throws {
        try await withService(NotificationApplication.self) { service in
            let contract = try await service.contract()
            #expect(contract.described == contract.served)
        }
    }
}
