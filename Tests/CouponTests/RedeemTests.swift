import Contracts
import CouponService
import TestSupport
import Testing

@Suite("Redeem", .timeLimit(.minutes(10)))
struct RedeemTests {
    @Test("a redemption takes the amount off and is listed")
    func redeems() async throws {
        try await withCoupons { service in
            let answer = try await service.redeem("o1")
            #expect(answer.status == 201)
            let redemption: Redemption = try answer.decode()
            #expect(
                redemption
                    == Redemption(
                        orderId: "o1", customerId: "H1", code: "ONCE", discount: 300, status: .active,
                        at: noon))
            #expect(try await service.redemptions() == [redemption])
        }
    }

    @Test(
        "the discount is the amount off, at most the subtotal of the eligible lines",
        arguments: [
            ([item("A", 2, price: 100), item("C", 9, price: 999)], 200),
            ([item("A", 1, price: 100), item("B", 1, price: 150)], 250),
            ([item("A", 1, price: 100), item("A", 2, price: 100)], 300),
            ([item("B", 3, price: 100)], 300),
            (
                [item("A", 100_000, price: 1_000_000_000_000), item("B", 100_000, price: 1_000_000_000_000)],
                300
            ),
            ([item("A", 5, price: 0)], 0),
        ])
    func discounts(items: [PricedItem], discount: Int) async throws {
        try await withCoupons { (service) async throws in
            #expect(try await service.redeem("o1", items: items).decode(Redemption.self).discount == discount)
        }
    }

    @Test("a repeated order id with the same contents gets the same answer, also after a restart")
    func repeats() async throws {
        let folder = try TemporaryFolder()
        let basket = [item("A", 1), item("C", 2)]
        let first = try await withCoupons(folder: folder) { try await $0.redeem("o1", items: basket).body }
        try await withCoupons(folder: folder) { service in
            let again = try await service.redeem("o1", items: [item("C", 1), item("A", 1), item("C", 1)])
            #expect(again.status == 201)
            #expect(try again.decode(Redemption.self) == JSON.decode(Redemption.self, from: first))
            let later = try await service.redeem("o1", at: noon.advanced(by: .seconds(86_400)), items: basket)
            #expect(later.status == 201)
            #expect(try await service.redemptions().count == 1)
        }
    }

    @Test("a repeated order id with other contents is refused and changes nothing")
    func contentsDiffer() async throws {
        try await withCoupons { service in
            let first: Redemption = try await service.redeem("o1").decode()
            for answer in [
                try await service.redeem("o1", items: [item("A", 2)]),
                try await service.redeem("o1", items: [item("A", 1, price: 999)]),
                try await service.redeem("o1", by: "H2"), try await service.redeem("o1", "TWICE"),
                try await service.redeem("o1", "UNKNOWN"),
            ] {
                #expect(answer.status == 422)
                #expect(answer.problem?.code == "contents-differ")
            }
            #expect(try await service.redemptions() == [first])
        }
    }

    @Test("the rules refuse with their reason, and a refusal leaves nothing behind")
    func refusals() async throws {
        try await withCoupons { service in
            #expect(try await service.redeem("used").status == 201)
            for (answer, status, code, reason) in [
                (try await service.redeem("o1", "NONE"), 422, "coupon-refused", "unknown coupon"),
                (
                    try await service.redeem("o2", "TIME", at: noon.advanced(by: .milliseconds(1))), 422,
                    "coupon-refused",
                    "expired"
                ),
                (
                    try await service.redeem("o3", "TWICE", items: [item("B")]), 422, "coupon-refused",
                    "no eligible item"
                ),
                (try await service.redeem("o4"), 409, "coupon-used", "used up"),
            ] {
                #expect(answer.status == status)
                #expect(answer.problem?.code == code)
                #expect(answer.problem?.reason == reason)
            }
            #expect(try await service.redemptions().map(\.orderId) == ["used"])
            // The order's id is still free for another coupon.
            #expect(try await service.redeem("o4", "TWICE").status == 201)
        }
    }

    @Test("a coupon expires by the request's time, not the clock; a date ends with its day in UTC")
    func validUntil() async throws {
        let seeds = try TemporaryFolder()
        try seeds.write(rules, to: "coupons.csv")
        let late = noon.advanced(by: .seconds(30 * 86_400))
        try await withService(CouponApplication.self, settings: ["SEED_DIR": seeds.path], wall: { late }) {
            service in
            #expect(try await service.redeem("o1", "TIME", at: noon).status == 201)
            let lastOfDay = try #require(Timestamp("2026-01-05T23:59:59.999Z"))
            #expect(try await service.redeem("o2", "DAY", by: "H1", at: lastOfDay).status == 201)
            let nextDay = lastOfDay.advanced(by: .milliseconds(1))
            #expect(try await service.redeem("o3", "DAY", by: "H2", at: nextDay).problem?.reason == "expired")
        }
    }

    @Test("the limit is each customer's own")
    func limitPerCustomer() async throws {
        try await withCoupons { (service) async throws in
            for (order, customer, status) in [
                ("o1", "H1", 201), ("o2", "H1", 201), ("o3", "H1", 409), ("o4", "H2", 201), ("o5", "H2", 201),
                ("o6", "H2", 409),
            ] {
                #expect(try await service.redeem(order, "TWICE", by: customer).status == status)
            }
        }
    }
}
