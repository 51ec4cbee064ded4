import PaymentService
import TestSupport
import Testing

@Suite("What the payment service reads", .timeLimit(.minutes(10)))
struct PaymentReadTests {
    @Test("no read costs more in a larger store")
    func plans() async throws {
        try await withPayments { service in
            // A row for each currency and account.
            let costly = try await service.costlyReads(small: ["balances"])
            #expect(costly.isEmpty)
        }
    }
}
