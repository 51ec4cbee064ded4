import CouponService
import TestSupport
import Testing

@Suite("What the coupon service reads", .timeLimit(.minutes(10)))
struct CouponReadTests {
    @Test("no read costs more in a larger store")
    func plans() async throws {
        try await withCoupons { service in
            let costly = try await service.costlyReads(inMemory: ["/coupons"])
            #expect(costly.isEmpty)
        }
    }
}
