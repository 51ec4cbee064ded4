import Contracts
import Foundation
import GRDB
import Queue
import Runtime
import Storage
import TestSupport
import Testing

@testable import OrderService

@Suite("Orders that are old", .timeLimit(.minutes(10)))
struct OrderRetentionTests {
    private func delete(
        _ stack: Stack, until: Timestamp = Timestamp.now().advanced(by: .seconds(3600)),
        past cursor: String? = nil,
        limit: Int = 100
    ) async throws -> Retention.Batch {
        try await stack.order.application.store.write {
            try OrderTable.deleteOld($0, until: until, past: cursor, limit: limit)
        }
    }

    private func placed(_ stack: Stack, _ request: OrderRequest, key: String = UUID().uuidString) async throws
        -> String
    {
        let answer = try await stack.place(request, key: key)
        return try answer.status == 201
            ? answer.decode(OrderDocument.self).id : #require(answer.problem?.orderId)
    }

    private func ids(_ stack: Stack) async throws -> [String] {
        try await stack.order.get("/orders?limit=500").decode(Page<OrderDocument>.self).items.map(\.id)
    }

    @Test("a finished order is deleted and its key freed; its goods and coupon claims are remembered")
    func finished() async throws {
        try await withStack { stack in
            let first = request([("APPLE", 2), ("PEAR", 1)], coupon: "TWICE")
            let confirmed = try await placed(stack, first, key: "first")
            let declined = try await placed(stack, request([("APPLE", 5)], token: "tok_declined"))
            try await stack.drained()
            let batch = try await delete(stack)
            #expect(batch.count == 2 && batch.cursor == nil && batch.until != nil)
            #expect(try await ids(stack).isEmpty)
            for id in [confirmed, declined] {
                #expect(try await stack.order.get("/orders/\(id)").status == 404)
            }
            let goods = try await stack.order.get("/deleted-goods").decode(Page<ItemQuantity>.self).items
            #expect(
                goods == [ItemQuantity(sku: "APPLE", quantity: 2), ItemQuantity(sku: "PEAR", quantity: 1)])
            let uses = try await stack.order.application.store.read {
                try CouponClaimTable.claims($0, CustomerCoupon(code: "TWICE", customerId: "H1"))
            }
            #expect(uses.map(\.orderId) == [confirmed] && uses.map(\.state) == [.given])
            #expect(try await placed(stack, first, key: "first") != confirmed)
        }
    }

    @Test("returned goods don't count as sold, and a refund's key is deleted with its order")
    func refunded() async throws {
        try await withStack { stack in
            let id = try await placed(stack, request([("APPLE", 3)]))
            try await stack.drained()
            let refund = OrderRefundRequest(
                items: [ItemQuantity(sku: "APPLE", quantity: 1)], reason: "broken")
            let answer = try await stack.order.post(
                "/orders/\(id)/refunds", refund, key: "r", token: TestTokens.administrator)
            #expect(answer.status == 201)
            try await stack.drained()
            #expect(try await delete(stack).count == 1)
            let goods = try await stack.order.get("/deleted-goods").decode(Page<ItemQuantity>.self).items
            #expect(goods == [ItemQuantity(sku: "APPLE", quantity: 2)])
            #expect(
                try await stack.order.application.store.read { try RefundTable.refund($0, key: "r") } == nil)
        }
    }

    @Test("younger orders and orders with pending work stay")
    func unfinished() async throws {
        try await withStack { stack in
            let before = Timestamp.now().advanced(by: .seconds(-1))
            let awaited = try await placed(stack, request())
            let claiming = try await placed(stack, request(coupon: "TENTH"))
            let finished = try await placed(stack, request())
            try await stack.drained()
            let (store, queue) = (stack.order.application.store, stack.order.application.queue)
            let accepted = Order(id: Identifier.make("ord_", at: before), request: request(), at: before)
            try await store.write { database in
                try queue.enqueue(
                    database, lane: "unused", kind: "order-confirmed", key: awaited, delay: .seconds(3600))
                try database.run("UPDATE coupon_uses SET state = 'to-release' WHERE order_id = ?", [claiming])
                _ = try OrderTable.insert(
                    database, accepted, key: "a", request: JSON.encode(accepted.request))
            }
            #expect(try await delete(stack, until: before.advanced(by: .seconds(-1))).count == 0)
            #expect(try await ids(stack).count == 4)

            // Two at a time: orders that stay don't block others.
            var batch = try await delete(stack, limit: 2)
            #expect(batch.cursor != nil)
            while let cursor = batch.cursor { batch = try await delete(stack, past: cursor, limit: 2) }
            #expect(Set(try await ids(stack)) == [awaited, claiming, accepted.id])
            #expect(try await stack.order.get("/orders/\(finished)").status == 404)
        }
    }
}
