import Contracts
import Foundation
import TestSupport
import Testing

@Suite("Reading orders and quotes", .timeLimit(.minutes(10)))
struct ReadLoadTests {
    @Test("orders are listed newest first, filtered, and paged to the end without a gap")
    func listing() async throws {
        try await withStack { stack in
            var ids: [String] = []
            for number in 0..<7 {
                let order: OrderDocument = try await stack.place(request(customer: "H\(number % 2)")).decode()
                ids.append(order.id)
            }
            _ = try await stack.place(request(customer: "H0", token: "tok_declined"))
            var listed: [String] = []
            var cursor = ""
            repeat {
                let page: Page<OrderDocument> = try await stack.order.get(
                    "/orders?status=confirmed&limit=2\(cursor)"
                ).decode()
                listed += page.items.map(\.id)
                cursor = page.nextCursor.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(listed == ids.sorted().reversed())
            let mine: Page<OrderDocument> = try await stack.order.get("/orders?customerId=H0").decode()
            #expect(mine.items.count == 5 && mine.nextCursor == nil)
            let rejected: Page<OrderDocument> = try await stack.order.get(
                "/orders?customerId=H0&status=rejected"
            ).decode()
            #expect(rejected.items.count == 1)
        }
    }

    @Test("degraded orders are a list of their own, also once they are repaired")
    func degradedList() async throws {
        let broken = try MisbehavingServer(behaviour: .refuse)
        defer { broken.stop() }
        try await withStack(settings: ["COUPON_URL": broken.url]) { stack in
            var degraded: [String] = []
            for coupon in ["TENTH", nil, "TENTH"] {
                let order: OrderDocument = try await stack.place(request(coupon: coupon)).decode()
                #expect(order.degradations.isEmpty == (coupon == nil))
                if coupon != nil { degraded.insert(order.id, at: 0) }
            }
            for path in ["/orders?degraded=true", "/orders?degraded=true&status=confirmed"] {
                let page: Page<OrderDocument> = try await stack.order.get(path).decode()
                #expect(page.items.map(\.id) == degraded, "\(path)")
            }
            #expect(try await stack.order.get("/orders?degraded=false").status == 422)
        }
    }

    @Test("a quote has an order's prices and promises nothing")
    func quotes() async throws {
        try await withStack { stack in
            let answer = try await stack.order.post(
                "/quotes", request([("APPLE", 2), ("PEAR", 1)], coupon: "TENTH"))
            let quote: QuoteDocument = try answer.decode()
            #expect(answer.status == 200)
            #expect((quote.subtotal, quote.discount, quote.total) == (450, 10, 440))
            #expect(
                try await stack.order.post("/quotes", request([("NOTHING", 1)])).problem?.code
                    == "unknown-sku")
            #expect(
                try await stack.order.post("/quotes", request(coupon: "UNKNOWN")).problem?.code
                    == "coupon-refused")
            let stock: Stock = try await stack.inventory.get("/stock/APPLE").decode()
            #expect(stock.reserved == 0)
        }
    }

    @Test("a quote during an outage of coupon says that it omits it")
    func degradedQuote() async throws {
        let broken = try MisbehavingServer(behaviour: .refuse)
        defer { broken.stop() }
        try await withStack(settings: ["COUPON_URL": broken.url]) { stack in
            let quote: QuoteDocument = try await stack.order.post("/quotes", request(coupon: "TENTH"))
                .decode()
            #expect(quote.discount == 0 && quote.degradations.map(\.effect) == [.couponSkipped])
        }
    }

    @Test("the served contract lists exactly the routes that are served")
    func contract() async throws {
        try await withStack { stack in
            let contract = try await stack.order.contract()
            #expect(contract.described == contract.served)
        }
    }
}
