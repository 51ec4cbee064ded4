import Contracts
import CouponService
import Foundation
import Runtime
import TestSupport
import Testing

@Suite("Seeding coupons", .timeLimit(.minutes(10)))
struct SeedCouponsTests {
    private static let header = "code,amount_off,limit_per_customer,eligible_skus"

    @Test("the journey's coupons are all served, page after page, each as its own document")
    func journey() async throws {
        let journey = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../Data/journey"
        ).path
        try await withService(CouponApplication.self, settings: ["SEED_DIR": journey]) { service in
            var coupons: [Coupon] = []
            var path = "/coupons?limit=20"
            while true {
                let page: Page<Coupon> = try await service.get(path).decode()
                coupons += page.items
                guard let cursor = page.nextCursor else { break }
                path = "/coupons?limit=20&cursor=\(cursor)"
            }
            #expect(coupons.count == 52)
            #expect(coupons.map(\.code) == coupons.map(\.code).sorted())
            let first = try #require(coupons.first)
            #expect(first.code == "C10000085361")
            #expect(first.amountOff == 100)
            #expect(first.currency == "USD")
            #expect(first.limitPerCustomer == 1)
            #expect(first.eligibleSkus.prefix(2) == ["P61481", "P514123"])
            #expect(first.validUntil == nil)
            #expect(try await service.get("/coupons/C10000085361").decode(Coupon.self) == first)
            #expect(Set(coupons.filter { !$0.offline }.map(\.amountOff)) == [555, 760])
        }
    }

    @Test("columns are found by name, and the optional ones are read")
    func columns() async throws {
        let csv = """
            offline,eligible_skus,note,code,valid_until,limit_per_customer,amount_off
            true,A,x,LARGE,2026-01-05T12:00:00.5+09:00,3,501
            FALSE,"A  B",y,SMALL,2026-01-05,1,1
            ,A,z,LIMIT,,1,500
            """
        try await withCoupons(csv) { service in
            let coupons = try await service.get("/coupons").decode(Page<Coupon>.self).items
            #expect(
                coupons == [
                    Coupon(
                        code: "LARGE", amountOff: 501, currency: "USD", limitPerCustomer: 3,
                        eligibleSkus: ["A"],
                        validUntil: Timestamp("2026-01-05T03:00:00.500Z"), offline: true),
                    Coupon(
                        code: "LIMIT", amountOff: 500, currency: "USD", limitPerCustomer: 1,
                        eligibleSkus: ["A"],
                        validUntil: nil, offline: true),
                    Coupon(
                        code: "SMALL", amountOff: 1, currency: "USD", limitPerCustomer: 1,
                        eligibleSkus: ["A", "B"],
                        validUntil: Timestamp("2026-01-05T23:59:59.999Z"), offline: false),
                ])
            #expect(try await service.get("/coupons").text.contains("\"validUntil\":null"))
        }
    }

    @Test("a store that has coupons keeps them, whatever the seed says later; an empty one is filled later")
    func loadedOnce() async throws {
        let folder = try TemporaryFolder()
        try await withService(CouponApplication.self, folder: folder) { (service) async throws in
            #expect(try await service.get("/coupons").decode(Page<Coupon>.self).items.isEmpty)
            #expect(try await service.redeem("o1").problem?.reason == "unknown coupon")
        }
        let redeemed = try await withCoupons(folder: folder) { try await $0.redeem("o1").status }
        #expect(redeemed == 201)
        try await withCoupons("not even a header", folder: folder) { (service) async throws in
            #expect(try await service.get("/coupons").decode(Page<Coupon>.self).items.count == 4)
        }
    }

    @Test(
        "a bad seed ends the start and names the line",
        arguments: [
            ("", "line 1: the header is missing"),
            ("code,amount_off,eligible_skus\n", "line 1: the column limit_per_customer is missing"),
            (header + "\nX,100,1,A\nX,100,1,A", "line 3, column code: \"X\" must stand in one line only"),
            (header + "\n,100,1,A", "line 2, column code: \"\" must have"),
            (header + "\nX,0,1,A", "line 2, column amount_off: \"0\" must be a whole number of cents"),
            (header + "\nX,1.5,1,A", "line 2, column amount_off: \"1.5\" must be a whole number of cents"),
            (header + "\nX,100,0,A", "line 2, column limit_per_customer: \"0\" must be"),
            (header + "\nX,100,1, ", "line 2, column eligible_skus: \" \" must list"),
            (
                header + "\nX,99999999999999999999,1,A",
                "line 2, column amount_off: \"99999999999999999999\" must be a whole number of cents"
            ),
            (header + "\n\nX,100,1", "line 3: has 3 fields, but the header has 4"),
            (header + ",valid_until\nX,100,1,A,tomorrow", "line 2, column valid_until: \"tomorrow\" must be"),
            (header + ",offline\nX,100,1,A,perhaps", "line 2, column offline: \"perhaps\" must be"),
        ])
    func badSeed(csv: String, message: String) async throws {
        let error = await #expect(throws: StartError.self) { try await withCoupons(csv) { _ in } }
        #expect(error?.kind == .configuration)
        #expect(
            error?.description.hasPrefix("SEED_DIR/coupons.csv \(message)") == true,
            "\(String(describing: error))")
    }

    @Test("a missing seed ends the start")
    func missingSeed() async throws {
        let error = await #expect(throws: StartError.self) {
            let empty = try TemporaryFolder()
            try await withService(CouponApplication.self, settings: ["SEED_DIR": empty.path]) { _ in }
        }
        #expect(error?.kind == .configuration)
        #expect(error?.description.hasPrefix("SEED_DIR/coupons.csv can't be read") == true)
    }
}
