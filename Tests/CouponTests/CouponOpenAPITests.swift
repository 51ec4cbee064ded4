import CouponService
import TestSupport
import Testing

@Suite("The coupon service's OpenAPI document", .timeLimit(.minutes(10)))
struct CouponOpenAPITests {
    @Test("describes every route that is served, and no other")
    func describesTheRoutes() async throws {
        try await withCoupons { service in
            let contract = try await service.contract()
            #expect(contract.described == contract.served)
        }
    }
}
