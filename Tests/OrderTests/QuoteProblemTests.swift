import Contracts
import Foundation
import TestSupport
import Testing

@Suite("A quote of what an order would be refused for", .timeLimit(.minutes(10)))
struct QuoteProblemTests {
    private struct Problems: Decodable {
        struct Entry: Decodable {
            var code: String
            var detail: String
            var skus: [ShortSKU]?
        }
        var problems: [Entry]
        var discount: Int
        var total: Int
    }

    private func quote(_ stack: Stack, _ request: OrderRequest) async throws -> Problems {
        let answer = try await stack.order.post("/quotes", request)
        #expect(answer.status == 200)
        return try answer.decode()
    }

    @Test("names short stock, a used-up coupon, and a total above the limit, and nothing otherwise")
    func problems() async throws {
        try await withStack { stack in
            #expect(try await quote(stack, request(coupon: "TENTH", maxTotal: 190)).problems.isEmpty)
            let dear = try await quote(stack, request(coupon: "TENTH", maxTotal: 189)).problems
            #expect(dear.map(\.code) == ["total-exceeded"])
            let short = try await quote(stack, request([("RARE", 4)])).problems
            #expect(short.map(\.code) == ["out-of-stock"])
            #expect(short.first?.skus == [ShortSKU(sku: "RARE", requested: 4, available: 3)])

            #expect(try await stack.place(request(coupon: "TENTH")).status == 201)
            let used = try await quote(stack, request(coupon: "TENTH"))
            #expect(
                used.problems.map(\.code) == ["coupon-refused"] && used.discount == 0 && used.total == 200)
            #expect(try await quote(stack, request(customer: "H2", coupon: "TENTH")).problems.isEmpty)
        }
    }
}
