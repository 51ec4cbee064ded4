import Contracts
import Foundation
import TestSupport
import Testing

@Suite("Large orders", .timeLimit(.minutes(10)))
struct LargeOrdersTests {
    @Test("a list of large orders has more pages, each at most a mebibyte and one order")
    func list() async throws {
        try await withStack { (stack) async throws in
            let items = (0..<100).map {
                ItemQuantity(sku: "\($0)" + String(repeating: "\u{10ffff}", count: 250), quantity: 1)
            }
            let request = OrderRequest(
                customerId: "LARGE", items: items, payment: PaymentMeans(token: "tok_ok"))
            for _ in 0..<6 { #expect(try await stack.place(request).status == 422) }
            var found: Set<String> = []
            var pages = 0
            var cursor: String?
            repeat {
                let path = "/orders?customerId=LARGE&limit=500" + (cursor.map { "&cursor=\($0)" } ?? "")
                let answer = try await stack.order.get(path)
                #expect(answer.body.count < (1 << 20) + 300_000)
                let page: Page<OrderDocument> = try answer.decode()
                found.formUnion(page.items.map(\.id))
                cursor = page.nextCursor
                pages += 1
            } while cursor != nil
            #expect(found.count == 6)
            #expect(pages > 1)
        }
    }
}
