import Contracts
import CouponService
import TestSupport
import Testing

@Suite("Coupons under concurrency", .timeLimit(.minutes(10)))
struct CouponConcurrencyTests {
    /// The count of each status of 200 concurrent runs of `call`.
    private func statuses(_ call: @escaping @Sendable (Int) async throws -> TestAnswer) async throws -> [Int:
        Int]
    {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<200 { group.addTask { try await call(number).status } }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
    }

    @Test("200 parallel uses of a coupon with limit 1 by one customer give exactly one")
    func limitHolds() async throws {
        try await withCoupons { (service) async throws in
            #expect(try await statuses { try await service.redeem("o\($0)") } == [201: 1, 409: 199])
            #expect(try await service.redemptions("status=active").count == 1)
        }
    }

    @Test("200 parallel posts for one order are one redemption, and all get its answer")
    func onceAnOrder() async throws {
        try await withCoupons { (service) async throws in
            #expect(try await statuses { _ in try await service.redeem("o1", "TWICE") } == [201: 200])
            #expect(try await service.redemptions().count == 1)
            #expect(try await service.redeem("o2", "TWICE").status == 201)
        }
    }

    @Test("redeeming and releasing one order at once ends released, in either order")
    func redeemAgainstRelease() async throws {
        try await withCoupons { service in
            let counts = try await statuses { number in
                let order = "o\(number / 2)"
                return number.isMultiple(of: 2)
                    ? try await service.redeem(order, by: order) : try await service.release(order)
            }
            #expect(counts[200] == 100)
            #expect(counts[201, default: 0] + counts[409, default: 0] == 100)
            #expect(try await service.redemptions("status=active").isEmpty)
            #expect(try await service.redemptions("status=released").count == 100)
        }
    }
}
