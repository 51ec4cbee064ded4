import Contracts
import Foundation
import TestSupport
import Testing

@Suite("csp place, order and breaker", .timeLimit(.minutes(20)), .serialized)
struct OrderCommandTests {
    @Test("one key is one order, printed with its timeline; a breaker is held open and released")
    func journey() async throws {
        try await withSystemStack(environment: SystemStack.generousTimeouts()) { stack in
            let placed = try await stack.csp("place", "--key", "k1", "--json")
            let order = try JSON.decode(OrderDocument.self, from: Data(placed.output.utf8))
            let again = try await stack.csp("place", "--key", "k1")
            #expect(again.output.contains(order.id) && again.output.contains("placed before with this key"))
            #expect(again.output.contains("  key       k1\n"))
            let declined = try await stack.csp(
                "place", "--key", "k2", "--token", "tok_declined", expecting: 1)
            #expect(declined.errors.contains("order     ord_") && declined.errors.contains("key       k2"))

            let shown = try await stack.csp("order", order.id)
            #expect(shown.output.contains(order.id) && shown.output.contains("Its way:"))
            struct Report: Decodable {
                var order: OrderDocument
                var timeline: [TimelineEntry]
            }
            let json = try await stack.csp("order", order.id, "--json")
            let report = try JSON.decode(Report.self, from: Data(json.output.utf8))
            #expect(report.order.id == order.id && !report.timeline.isEmpty)
            let unknown = try await stack.csp("order", "ord_unknown", expecting: 1)
            #expect(unknown.errors == "csp: order refused: There is no order ord_unknown.\n")

            let open = try await stack.csp("breaker", "coupon", "open")
            #expect(open.output.hasPrefix("coupon's breaker is open (forced-open)"))
            let without = try await stack.csp("place", "--json")
            let degraded = try JSON.decode(OrderDocument.self, from: Data(without.output.utf8))
            #expect(degraded.degradations.contains { $0.dependency == "coupon" })
            #expect(try await stack.csp("breaker", "coupon", "auto").output.contains("(automatic)."))
        }
    }
}
