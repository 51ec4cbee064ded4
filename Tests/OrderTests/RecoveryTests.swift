import Contracts
import Foundation
import GRDB
import InventoryService
import Logging
import Queue
import Storage
import TestSupport
import Testing

@testable import OrderService

@Suite("Recovery", .timeLimit(.minutes(10)))
struct RecoveryTests {
    /// Leaves an order like a process that is killed right after the write ahead.
    /// - Parameter due: when the next process resumes it.
    private func crash(
        _ folder: TemporaryFolder, _ request: OrderRequest, key: String, at now: Timestamp = .now(),
        due: Duration = .zero
    ) async throws -> String {
        let store = try Store(
            folder: folder.path + "/data", name: "order", migrations: OrderApplication.migrations)
        let queue = DurableQueue(store: store, wall: { Timestamp.now().milliseconds })
        let order = Order(id: Identifier.make("ord_", at: now), request: request, at: now)
        let body = try JSON.encode(request)
        _ = try await OrderStore(
            store: store, queue: queue, stockMargin: 0, logger: Logger(label: "test")
        )
        .begin(order, key: key, request: body, resumeAfter: due)
        store.close()
        return order.id
    }

    @Test("an order whose process was killed is finished by the next one, and the client's retry gets it")
    func resumed() async throws {
        let folder = try TemporaryFolder()
        let id = try await crash(folder, request(coupon: "TENTH"), key: "key-1")
        try await withStack(folder: folder) { stack in
            let order = try await stack.until(id) { $0.status.isTerminal }
            #expect(order.status == .confirmed && order.total == 190)
            let retry = try await stack.place(request(coupon: "TENTH"), key: "key-1")
            #expect(retry.status == 201 && retry.header("Idempotent-Replayed") == "true")
            try await stack.drained()
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.map(\.amount) == [190])
        }
    }

    @Test("an order that was killed before its coupon was decided is discounted by the cached rule too")
    func resumedWithoutCoupon() async throws {
        let folder = try TemporaryFolder()
        try await withStack(folder: folder) { (stack) async throws in
            #expect(try await stack.order.post("/quotes", request(coupon: "TENTH")).status == 200)
        }
        let broken = try MisbehavingServer(behaviour: .refuse)
        defer { broken.stop() }
        let id = try await crash(folder, request(coupon: "TENTH"), key: "key-1")
        try await withStack(settings: ["COUPON_URL": broken.url], folder: folder) { stack in
            let order = try await stack.until(id) { $0.status.isTerminal }
            #expect(order.status == .confirmed && order.total == 190)
            #expect(order.degradations.map(\.effect) == [.couponEstimated])
            // Its use of the coupon was counted.
            let second: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
            #expect(second.discount == 0)
        }
    }

    @Test("a resumed order that is refused ends rejected, and the retry gets the refusal")
    func resumedAndRefused() async throws {
        let folder = try TemporaryFolder()
        let id = try await crash(folder, request(token: "tok_declined"), key: "key-1")
        try await withStack(folder: folder) { stack in
            #expect(try await stack.until(id) { $0.status.isTerminal }.status == .rejected)
            let retry = try await stack.place(request(token: "tok_declined"), key: "key-1")
            #expect(retry.status == 402 && retry.problem?.orderId == id)
            try await stack.drained()
            let stock: Stock = try await stack.inventory.get("/stock/APPLE").decode()
            #expect(stock.reserved == 0)
        }
    }

    @Test("a resumed order without stock refunds what was captured before the crash")
    func resumedWithoutStock() async throws {
        let folder = try TemporaryFolder()
        let id = try await crash(folder, request([("RARE", 5)]), key: "key-1", due: .seconds(3600))
        try await withStack(folder: folder) { stack in
            let capture = PaymentRequest(
                orderId: id, customerId: "H1", amount: 4995, currency: "USD", token: "tok_ok")
            #expect(try await stack.payment.post("/payments", capture, key: id).status == 201)
            // The client's retry resumes it at once.
            #expect(try await stack.place(request([("RARE", 5)]), key: "key-1").status == 202)
            #expect(try await stack.until(id) { $0.status.isTerminal }.status == .rejected)
            try await stack.drained()
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.map { $0.amount - $0.refunded } == [0])
            #expect(try await stack.show(id).refunded == 4995)
        }
    }

    @Test("a resumed order with `reject` and an unavailable coupon is cancelled, and keeps its key")
    func resumedAndRejected() async throws {
        let folder = try TemporaryFolder()
        let broken = try MisbehavingServer(behaviour: .refuse)
        defer { broken.stop() }
        let wanted = request(coupon: "TENTH", ifCouponUnavailable: .reject)
        let id = try await crash(folder, wanted, key: "key-1")
        try await withStack(settings: ["COUPON_URL": broken.url], folder: folder) { stack in
            #expect(try await stack.until(id) { $0.status.isTerminal }.status == .cancelled)
            let retry = try await stack.place(wanted, key: "key-1")
            #expect(retry.status == 200 && retry.header("Idempotent-Replayed") == "true")
            let stock: Stock = try await stack.inventory.get("/stock/APPLE").decode()
            #expect(stock.committed == 0)
        }
    }

    @Test("an order that was undone by other means ends cancelled")
    func undoneElsewhere() async throws {
        let folder = try TemporaryFolder()
        let id = try await crash(folder, request(), key: "key-1", due: .seconds(3600))
        try await withStack(folder: folder) { stack in
            #expect(try await stack.payment.post("/payments/void", VoidRequest(orderId: id)).status == 200)
            #expect(try await stack.place(request(), key: "key-1").status == 202)
            #expect(try await stack.until(id) { $0.status.isTerminal }.status == .cancelled)
            try await stack.drained()
            let stock: Stock = try await stack.inventory.get("/stock/APPLE").decode()
            #expect(stock.reserved == 0 && stock.committed == 0)
        }
    }

    @Test(
        "an unreadable order doesn't keep others from being ended when they are too old",
        arguments: [1, 101])
    func unreadable(count: Int) async throws {
        let folder = try TemporaryFolder()
        let yesterday = Timestamp.now().advanced(by: .seconds(-90_000))
        // The oldest, so that they are read first.
        for number in 0..<count {
            let old = yesterday.advanced(by: .seconds(-1))
            _ = try await crash(
                folder, request(customer: "BAD"), key: "bad-\(number)", at: old, due: .seconds(3600))
        }
        let id = try await crash(folder, request(), key: "key-1", at: yesterday, due: .seconds(3600))
        let store = try Store(
            folder: folder.path + "/data", name: "order", migrations: OrderApplication.migrations)
        try await store.write {
            try $0.execute(sql: "UPDATE orders SET request = x'7b' WHERE customer_id = 'BAD'")
        }
        store.close()
        try await withStack(folder: folder) { (stack) async throws in
            #expect(try await stack.until(id) { $0.status.isTerminal }.status == .cancelled)
            #expect(
                try await stack.order.get("/metrics").text.contains(
                    #"csp_unreadable_rows_total{table="orders"}"#))
        }
    }

    @Test("an order is confirmed at the price that was charged, although it changed before the recovery")
    func chargedBeforeTheCrash() async throws {
        let folder = try TemporaryFolder()
        let id = try await crash(folder, request(), key: "key-1", due: .seconds(3600))
        try await withStack(folder: folder) { stack in
            // What the process did before it died: it reserved at the price of that day, and charged it.
            let items = [ItemQuantity(sku: "APPLE", quantity: 2)]
            let reserved = try await stack.inventory.post(
                "/reservations", ReservationRequest(orderId: id, items: items))
            #expect(reserved.status == 201)
            try await stack.inventory.application.store.write {
                try $0.execute(
                    sql: """
                        UPDATE reservations
                        SET items = CAST(replace(CAST(items AS TEXT), ':100', ':90') AS BLOB)
                        WHERE order_id = ?
                        """,
                    arguments: [id])
            }
            let capture = PaymentRequest(
                orderId: id, customerId: "H1", amount: 180, currency: "USD", token: "tok_ok")
            #expect(try await stack.payment.post("/payments", capture, key: id).status == 201)

            #expect(try await stack.place(request(), key: "key-1").status == 202)
            let order = try await stack.until(id) { $0.status.isTerminal }
            #expect(order.status == .confirmed && order.total == 180 && order.items.map(\.unitPrice) == [90])
            try await stack.drained()
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.map(\.amount) == [180])
        }
    }

    @Test("an order whose store fails is answered as placing, without a price, and charged once later")
    func unwritable() async throws {
        try await withStack { stack in
            let store = stack.order.application.store
            try await store.write {
                try $0.execute(
                    sql:
                        """
                        CREATE TRIGGER full BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'no more'); END
                        """)
            }
            let answer = try await stack.place(request(), key: "key-1")
            let told: OrderDocument = try answer.decode()
            #expect(answer.status == 202 && answer.header("Location") == "/orders/\(told.id)")
            #expect(
                told.status == .placing && told.total == nil && told.pending == [] && told.degradations == [])
            #expect(try await stack.show(told.id) == told)
            try await store.write { try $0.execute(sql: "DROP TRIGGER full") }
            #expect(try await stack.place(request(), key: "key-1").status == 202)
            let order = try await stack.until(told.id) { $0.status.isTerminal }
            #expect(order.status == .confirmed && order.total == 200)
            try await stack.drained()
            let payments: Page<Payment> = try await stack.payment.get("/payments").decode()
            #expect(payments.items.map(\.amount) == [200])
        }
    }

    @Test(
        "an order too old to be finished is cancelled, undone and notified, even if its message isn't due",
        arguments: [Duration.zero, .seconds(3600)])
    func tooOld(due: Duration) async throws {
        let folder = try TemporaryFolder()
        let yesterday = Timestamp.now().advanced(by: .seconds(-90_000))
        let id = try await crash(folder, request(), key: "key-1", at: yesterday, due: due)
        try await withStack(folder: folder) { stack in
            #expect(try await stack.until(id) { $0.status.isTerminal }.status == .cancelled)
            try await stack.drained()
            let told: Page<StoredNotification> = try await stack.notification.get(
                "/notifications?orderId=\(id)"
            ).decode()
            #expect(told.items.map(\.kind) == [.orderCancelled])
        }
    }
}
