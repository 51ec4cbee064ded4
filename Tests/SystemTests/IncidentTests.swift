import Contracts
import Foundation
import TestSupport
import Testing
import Transport

/// An outage of a stack of real processes, as the console records it.
@Suite(.timeLimit(.minutes(10))) struct IncidentTests {
    private struct Shown: Decodable {
        struct Impact: Decodable {
            var ordersDegraded: Int
            var ordersDelayed: Int
            var ordersMadeGood: Int
            var customers: Int
            var revenueDelayed: Int
        }

        var id: String
        var status: String
        var priority: String
        var cause: String
        var impact: Impact
        var timeline: [Entry]
        var notices: [Entry]

        struct Entry: Decodable {
            var kind: String
        }
    }

    private struct List: Decodable {
        var items: [Shown]
    }

    private func until(_ stack: SystemStack, _ condition: ([Shown]) -> Bool) async throws -> [Shown] {
        while true {
            if let list: List = try? await stack.get("console", "/api/incidents"), condition(list.items) {
                return list.items
            }
            await Task.yield()
        }
    }

    @Test(
        "an outage is one incident with what it cost, which outlives the console and ends by itself"
    )
    func outage() async throws {
        let folder = try TemporaryFolder()
        let page = folder.path + "/status.html"
        var environment = SystemStack.generousTimeouts()
        environment["STATUS_FILE"] = page
        try await withSystemStack(environment: environment) { stack in
            try await stack.csp("kill", "payment")
            let detected = try await until(stack) { !$0.isEmpty }
            #expect(detected.map(\.cause) == ["payment"] && detected.map(\.priority) == ["P1"])
            let request = OrderRequest(
                customerId: "waits", items: [ItemQuantity(sku: "P850102", quantity: 2)],
                payment: PaymentMeans(token: "tok_ok"))
            let placed = try await stack.place(request)
            #expect(placed.status == 202)
            let order = try JSON.decode(OrderDocument.self, from: placed.body)
            let counted = try await until(stack) { $0.first?.impact.ordersDelayed == 1 }
            #expect(counted[0].impact.revenueDelayed == order.total && counted[0].impact.customers == 1)
            #expect(counted[0].impact.ordersMadeGood == 0)
            let html = try String(contentsOfFile: page, encoding: .utf8)
            #expect(html.contains("Orders are accepted") && html.contains("lang=\"ko\""))

            let acknowledged = try await stack.csp("incident", "ack", detected[0].id, "--by", "ada")
            #expect(acknowledged.output.contains("acknowledged"))
            try await stack.csp("kill", "console")
            try await stack.csp("start", "console")
            let kept = try await until(stack) { !$0.isEmpty }
            #expect(kept.map(\.id) == [detected[0].id] && kept[0].status == "acknowledged")
            #expect(kept[0].notices.map(\.kind) == ["opened"])

            try await stack.csp("start", "payment")
            let resolved = try await until(stack) {
                $0.first?.status == "resolved" && $0.first?.impact.ordersMadeGood == 1
            }
            #expect(resolved.count == 1 && resolved[0].notices.map(\.kind) == ["opened", "resolved"])
            let text = try await stack.csp("incident", "postmortem", resolved[0].id).output
            #expect(text.contains("All 1 degraded orders were made good."))
        }
    }

    @Test("with every service dead the status page says so, from its file and from a new console too")
    func allDead() async throws {
        let folder = try TemporaryFolder()
        let page = folder.path + "/status.html"
        try await withSystemStack(environment: ["STATUS_FILE": page]) { stack in
            struct Status: Decodable { var level: String }
            // It has to know the path before it can say what is missing.
            while true {
                let status: Status? = try? await stack.get("console", "/api/status")
                if status?.level == "operational" { break }
                await Task.yield()
            }
            func untilTold() async throws {
                while true {
                    try Task.checkCancellation()
                    let status: Status? = try? await stack.get("console", "/api/status")
                    let html = (try? String(contentsOfFile: page, encoding: .utf8)) ?? ""
                    if status?.level == "outage", html.contains("No order can be placed: order is dead") {
                        return
                    }
                    await Task.yield()
                }
            }
            for name in stack.watched { try await stack.csp("kill", name) }
            try await untilTold()
            try await stack.csp("kill", "console")
            try FileManager.default.removeItem(atPath: page)
            try await stack.csp("start", "console")
            try await untilTold()
        }
    }
}
