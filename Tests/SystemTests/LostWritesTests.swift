import Contracts
import Foundation
import TestSupport
import Testing

@Suite("A store that has lost what was acknowledged", .timeLimit(.minutes(20)), .serialized)
struct LostWritesTests {
    @Test("without its log a killed service doesn't start, until it is told to accept the loss")
    func deletedLog() async throws {
        try await withSystemStack(environment: SystemStack.generousTimeouts()) { stack in
            let store = stack.folder.path + "/order/order.sqlite"
            var placed: OrderDocument
            repeat {
                let answer = try await stack.place(Customers.order("H-lost"))
                try #require(answer.status == 201)
                placed = try JSON.decode(OrderDocument.self, from: answer.body)
                try await stack.csp("audit")
                try await stack.csp("kill", "order")
                // After a late checkpoint the log holds nothing or a part: then deleting it loses nothing, or
                // half of the file.
                if try isLogAlone(of: store) { break }
                try await stack.csp("start", "order")
            } while true
            try FileManager.default.removeItem(atPath: store + "-wal")

            let refused = try await stack.csp("start", "order", expecting: 1)
            #expect(
                refused.errors.contains("order.sqlite") && refused.errors.contains("exit code 1"),
                "\(refused.errors)")
            #expect(
                refused.errors.contains("missing") && refused.errors.contains("--accept-loss"),
                "\(refused.errors)")
            #expect(refused.errors.split(separator: "\n").count == 1)

            try await stack.csp("start", "order", "--accept-loss")
            // Whether the order was in the log depends on the last checkpoint too. If it was, payment and
            // inventory know it.
            let ids = try await stack.get("order", "/orders", as: Page<OrderDocument>.self).items.map(\.id)
            let isLost = !ids.contains(placed.id)
            let audit = try await stack.csp("audit", "--json", expecting: isLost ? 1 : 0)
            #expect(!isLost || audit.output.contains(placed.id))
            // It continues from there, and later starts are not refused.
            #expect(try await stack.place(Customers.order("H-later")).status == 201)
            try await stack.csp("kill", "order")
            try await stack.csp("start", "order")
        }
    }

    @Test(
        "coupon learns lost redemptions again and gives none twice, even if killed meanwhile",
        arguments: [
            "before commit reconciliation", "after commit reconciliation",
            "before answer POST /reconciliation",
        ])
    func lostRedemptions(dyingAt place: String) async throws {
        let plans = try TemporaryFolder()
        let seeds = try TemporaryFolder()
        try seeds.write("sku,name,department,price,stock\nPLENTY,Plenty,FOOD,100,1000\n", to: "products.csv")
        try seeds.write(
            "code,amount_off,limit_per_customer,eligible_skus\nONCE,10,1,PLENTY\n", to: "coupons.csv")
        let environment = SystemStack.generousTimeouts(["SEED_DIR": seeds.path, "CRASH_AT": "@\(plans.path)"])
        try await withSystemStack(environment: environment) { stack in
            let order = OrderRequest(
                customerId: "H", items: [ItemQuantity(sku: "PLENTY", quantity: 1)], couponCode: "ONCE",
                payment: PaymentMeans(token: "tok_ok"))
            let placed = try await stack.place(order)
            try #require(placed.status == 201)
            let first = try JSON.decode(OrderDocument.self, from: placed.body)
            #expect(first.discount == 10)
            try await stack.csp("audit")
            try await stack.csp("kill", "coupon")
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(
                    atPath: stack.folder.path + "/coupon/coupon.sqlite" + suffix)
            }
            try plans.write(place, to: "coupon")
            try await stack.csp("start", "coupon", "--accept-loss")

            // Before the reconciliation that is an outage of coupon, afterwards a used-up coupon.
            let later = try await stack.place(order)
            let discount = try? JSON.decode(OrderDocument.self, from: later.body).discount
            #expect(later.status == 422 || later.status == 201 && discount == 0)
            #expect(await Heartline(port: try stack.port("coupon")).untilDead())
            try plans.write("", to: "coupon")
            try await stack.csp("start", "coupon")
            try await eventually {
                let known = try await stack.get("coupon", "/redemptions", as: Page<Redemption>.self).items
                return known.contains { $0.orderId == first.id }
            }
            try await stack.csp("audit")
        }
    }

    @Test("a service with an older folder starts, and the audit names it and the lost order")
    func olderFolder() async throws {
        try await withSystemStack(environment: SystemStack.generousTimeouts()) { stack in
            #expect(try await stack.place(Customers.order("H-kept")).status == 201)
            try await stack.csp("audit")
            try await stack.csp("kill", "order")
            let folder = stack.folder.path + "/order"
            try FileManager.default.copyItem(atPath: folder, toPath: folder + "-older")
            try await stack.csp("start", "order")
            let placed = try await stack.place(Customers.order("H-lost"))
            try #require(placed.status == 201)
            let lost = try JSON.decode(OrderDocument.self, from: placed.body)
            try await stack.csp("audit")
            try await stack.csp("kill", "order")
            try FileManager.default.removeItem(atPath: folder)
            try FileManager.default.moveItem(atPath: folder + "-older", toPath: folder)

            try await stack.csp("start", "order")
            #expect(try await older(stack).isSuperset(of: ["order", lost.id]))
            try await stack.csp("kill", "order")
            try await stack.csp("start", "order", "--accept-loss")
            #expect(try await older(stack).isEmpty)
        }
    }

    /// Whether the log has frames and none is checkpointed, by SQLite's index of the log, `mxFrame` and
    /// `nBackfill` (sqlite.org/walformat.html, 2.1).
    private func isLogAlone(of store: String) throws -> Bool {
        let index = try Data(contentsOf: URL(filePath: store + "-shm"))
        return index.withUnsafeBytes {
            $0.load(fromByteOffset: 16, as: UInt32.self) > 0
                && $0.load(fromByteOffset: 96, as: UInt32.self) == 0
        }
    }

    /// The violations of invariant 10.
    private func older(_ stack: SystemStack) async throws -> Set<String> {
        let outcome = try await stack.csp("audit", "--json", expecting: 1)
        let audit = try JSON.decode(AuditReport.self, from: Data(outcome.output.utf8))
        return Set(try #require(audit.invariants.first { $0.number == 10 }).violations.map(\.id))
    }
}
