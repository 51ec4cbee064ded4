import Contracts
import Foundation
import TestSupport
import Testing

@Suite("An order without means of payment", .timeLimit(.minutes(10)))
struct NothingToPayTests {
    private func unpaid(_ items: [(String, Int)], coupon: String? = nil) -> OrderRequest {
        var request = request(items, coupon: coupon)
        request.payment = nil
        return request
    }

    @Test(
        "needs none if the total is 0", arguments: [("GIFT", nil), ("APPLE", "ALL")] as [(String, String?)])
    func free(sku: String, coupon: String?) async throws {
        try await withStack { stack in
            let answer = try await stack.place(unpaid([(sku, 1)], coupon: coupon))
            let order: OrderDocument = try answer.decode()
            #expect(answer.status == 201 && order.total == 0)
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.isEmpty)
        }
    }

    @Test("is refused if the total is above 0, with the reservation undone and the key free")
    func owed() async throws {
        try await withStack { stack in
            let answer = try await stack.place(unpaid([("APPLE", 2)], coupon: "TENTH"), key: "key-1")
            #expect(answer.status == 422 && answer.problem?.code == "invalid-request")
            #expect(answer.problem?.errors?.map(\.pointer) == ["/payment"])
            try await stack.drained()
            let stock: Stock = try await stack.inventory.get("/stock/APPLE").decode()
            #expect((stock.onHand, stock.reserved) == (1000, 0))
            let paid = try await stack.place(request(coupon: "TENTH"), key: "key-1")
            let order: OrderDocument = try paid.decode()
            #expect(paid.status == 201 && order.discount == 10)
        }
    }

    @Test("isn't accepted without inventory either, if the total is above 0")
    func withoutInventory() async throws {
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        try await withStack(through: ["INVENTORY_URL": proxy]) { stack in
            proxy.treat { _ in .refuse }
            let owed = try await stack.place(unpaid([("APPLE", 1)]))
            #expect(owed.problem?.code == "invalid-request")
            let free = try await stack.place(unpaid([("GIFT", 1)]))
            #expect(free.status == 202)
        }
    }
}
