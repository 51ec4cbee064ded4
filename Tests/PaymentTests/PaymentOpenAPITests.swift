import PaymentService
import TestSupport
import Testing

@Suite("The payment service's OpenAPI document", .timeLimit(.minutes(10)))
struct PaymentOpenAPITests {
    @Test("describes every route that is served, and no other")
    func describesTheRoutes() async throws {
        try await withPayments { service in
            let contract = try await service.contract()
            #expect(contract.described == contract.served)
        }
    }
}
