import Contracts
import Foundation
import Testing

@testable import OrderService

@Suite("An order in a list")
struct ListedOrderTests {
    private func stored(_ status: OrderStatus) -> OrderDocument {
        let request = OrderRequest(
            customerId: #"says "refunds":[ "#, items: [ItemQuantity(sku: "A", quantity: 1)])
        var order = Order(id: "ord_1", request: request, at: Timestamp(milliseconds: 0))
        order.document.status = status
        return order.document
    }

    private func listed(_ document: Data, messages: [String]? = nil) throws -> Data {
        try ListedOrder(
            id: "ord_1", createdAt: Timestamp(milliseconds: 0), document: document, messages: messages
        ).encoded()
    }

    @Test("is sent as stored in its row")
    func verbatim() throws {
        let document = try JSON.encode(stored(.confirmed))
        #expect(try listed(document) == document)
    }

    @Test("of a version without refunds is sent with none, whatever its texts contain")
    func completed() throws {
        let document = try JSON.encode(stored(.confirmed))
        let text = String(decoding: document, as: UTF8.self)
        let old = Data(text.replacing(#""refunds":[],"#, with: "").utf8)
        try #require(old.count < document.count)
        #expect(try listed(old) == document)
    }

    @Test("that was cancelled lists the pending undoings")
    func cancelled() throws {
        let sent = try listed(JSON.encode(stored(.cancelled)), messages: [OrderMessage.voidPayment.rawValue])
        #expect(try JSON.decode(OrderDocument.self, from: sent).pending == ["payment"])
    }

    @Test("without a document is built from its request")
    func placing() throws {
        let expected = stored(.placing)
        let request = try JSON.encode(
            OrderRequest(customerId: expected.customerId, items: [ItemQuantity(sku: "A", quantity: 1)]))
        let order = ListedOrder(id: "ord_1", createdAt: Timestamp(milliseconds: 0), request: request)
        #expect(try order.encoded() == JSON.encode(expected))
    }
}
