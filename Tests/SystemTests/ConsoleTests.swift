import Contracts
import Foundation
import TestSupport
import Testing
import Transport

/// The console of a stack of real processes.
@Suite(.timeLimit(.minutes(10))) struct ConsoleTests {
    private struct Shown: Decodable {
        struct Service: Decodable {
            var name: String
            var state: String
        }
        struct Order: Decodable {
            var orderId: String
            var repaired: Bool
        }

        var level: String
        var sentence: [String: String]
        var services: [Service]
        var recent: [Order]

        func state(_ name: String) -> String? { services.first { $0.name == name }?.state }
    }

    /// Reads the snapshot until one satisfies a condition.
    private func until(_ stack: SystemStack, _ condition: (Shown) -> Bool) async throws -> Shown {
        while true {
            let shown: Shown = try await stack.get("console", "/api/snapshot")
            if condition(shown) { return shown }
            await Task.yield()
        }
    }

    @Test(
        "a death changes what the console says, and a start changes it back; the order is shown as repaired")
    func deathAndStart() async throws {
        try await withSystemStack(environment: SystemStack.generousTimeouts()) { stack in
            let rest = try await until(stack) { $0.services.allSatisfy { $0.state == "ready" } }
            #expect(rest.level == "ok" && rest.sentence["en"] == "Every order is confirmed.")
            #expect(rest.services.map(\.name).sorted() == stack.watched)
            let coupon: Coupon = try await stack.get("coupon", "/coupons/C10000085361")
            try await stack.csp("kill", "coupon")
            let killed = try await until(stack) { $0.state("coupon") == "dead" }
            #expect(killed.level == "degraded")
            #expect(killed.sentence["en"]?.hasPrefix("Orders go through. Small coupons") == true)
            #expect(killed.sentence["ko"]?.hasPrefix("주문은 정상 접수됩니다.") == true)

            let request = OrderRequest(
                customerId: "shown",
                items: [ItemQuantity(sku: try #require(coupon.eligibleSkus.first), quantity: 2)],
                couponCode: coupon.code, payment: PaymentMeans(token: "tok_ok"))
            let placed = try await stack.place(request)
            #expect(placed.status == 201)
            let order = try JSON.decode(OrderDocument.self, from: placed.body)
            _ = try await until(stack) { $0.recent.contains { $0.orderId == order.id && !$0.repaired } }
            try await stack.csp("start", "coupon")
            let mended = try await until(stack) {
                $0.recent.contains { $0.orderId == order.id && $0.repaired } && $0.level == "ok"
            }
            #expect(mended.sentence["en"] == "Every order is confirmed.")
        }
    }

    @Test("with every other service dead the console answers; with the console dead orders are confirmed")
    func independent() async throws {
        try await withSystemStack(environment: SystemStack.generousTimeouts()) { stack in
            _ = try await until(stack) { $0.level == "ok" }
            try await stack.csp("kill", "console")
            let request = OrderRequest(
                customerId: "alone", items: [ItemQuantity(sku: "P850102", quantity: 1)],
                payment: PaymentMeans(token: "tok_ok"))
            #expect(try await stack.place(request).status == 201)
            try await stack.csp("start", "console")
            for name in stack.watched { try await stack.csp("kill", name) }
            let dead = try await until(stack) { $0.services.allSatisfy { $0.state == "dead" } }
            #expect(dead.level == "outage")
        }
    }
}

extension SystemStack {
    /// The services that the console shows.
    var watched: [String] {
        ServiceName.allCases.filter { $0 != .console }.map(\.rawValue).sorted()
    }
}
