import Contracts
import Foundation
import Testing
import Transport

@testable import CommandLine

@Suite struct PlaceTests {
    @Test("the same key gives the same request; without a key each call has its own customer")
    func oneRequest() throws {
        let place = try #require(try CSP.command(["place", "--item", "P1:2", "--key", "k"]) as? Place)
        #expect(try place.request(key: "k") == place.request(key: "k"))
        #expect(try place.request(key: "k").customerId != place.request(key: "l").customerId)
        let longest = String(repeating: "k", count: 255)
        #expect(try place.request(key: longest).customerId.count <= 255)
        let named = try #require(try CSP.command(["place", "--item", "P1", "--customer", "H1"]) as? Place)
        #expect(try named.request(key: "k").customerId == "H1")
    }

    @Test("a receipt has the key, and a column for the longest SKU")
    func placed() throws {
        let lines = ["P1", "PRODUCT-123456"].map {
            OrderLine(sku: $0, name: "Pear", quantity: 1, unitPrice: 100)
        }
        let order = OrderDocument(
            id: "ord_1", status: .confirmed, customerId: "H1", items: lines, currency: "USD", subtotal: 200,
            discount: 0,
            total: 200, refunded: 0, couponCode: nil, pending: [], degradations: [],
            createdAt: Timestamp(milliseconds: 0), updatedAt: Timestamp(milliseconds: 0))
        let receipt = Receipt(
            HTTPClient.Response(status: 201, headers: [], body: Array(try JSON.encode(order))),
            orderURL: "http://o", key: "k1",
            duration: .zero)
        let text = receipt.text(order).split(separator: "\n")
        #expect(text.contains("  key       k1"))
        let columns = text.filter { $0.contains("Pear") }.map {
            $0.distance(from: $0.startIndex, to: $0.range(of: "Pear")!.lowerBound)
        }
        #expect(columns.count == 2 && Set(columns).count == 1)
        #expect(text.contains { $0.contains("PRODUCT-123456  Pear") })
    }

    @Test("a refusal names the order that was refused, and the key")
    func refused() throws {
        let problem = ProblemDocument(
            status: 402, code: "payment-declined", title: "Declined", detail: "The issuer says: declined.",
            orderId: "ord_1")
        let receipt = Receipt(
            HTTPClient.Response(status: 402, headers: [], body: Array(try JSON.encode(problem))),
            orderURL: "http://o",
            key: "k1", duration: .zero)
        #expect(
            receipt.refusal == """
                refused: payment-declined, status 402: The issuer says: declined.
                  order     ord_1
                  key       k1
                """)
    }
}
