import Contracts
import Foundation
import TestSupport
import Testing
import Transport

@testable import CommandLine
@testable import StackView

/// `csp watch` against real processes.
@Suite(.timeLimit(.minutes(10))) struct WatchTests {
    /// Reads dashboards until one satisfies a condition.
    private struct Watcher {
        let poller: Poller
        var watching = Watching()

        mutating func until(_ condition: (Dashboard) -> Bool) async throws -> Dashboard {
            while true {
                let dashboard = watching.dashboard(try await poller.snapshot(following: watching.following))
                if condition(dashboard) { return dashboard }
            }
        }
    }

    @Test("a death, a freeze, and a skipped coupon with its repair are shown")
    func seen() async throws {
        try await withSystemStack(environment: SystemStack.generousTimeouts()) { stack in
            var watcher = Watcher(
                poller: Poller(client: stack.client) {
                    try StackFolder(path: stack.folder.path).reachable().services.map(
                        StackSnapshot.Service.init)
                })
            func state(_ name: ServiceName, _ dashboard: Dashboard) -> Dashboard.Condition? {
                dashboard.services.first { $0.name == name }?.state
            }
            _ = try await watcher.until {
                $0.services.allSatisfy { $0.state == .ready }
                    && $0.services.count == ServiceName.allCases.count
            }

            let coupon: Coupon = try await stack.get("coupon", "/coupons/C10000085361")
            let request = OrderRequest(
                customerId: "watched",
                items: [ItemQuantity(sku: try #require(coupon.eligibleSkus.first), quantity: 2)],
                couponCode: coupon.code, payment: PaymentMeans(token: "tok_ok"))
            try await stack.csp("freeze", "notification")
            try await stack.csp("kill", "coupon")
            let broken = try await watcher.until {
                state(.coupon, $0) == .dead && state(.notification, $0) == .frozen
            }
            #expect(broken.services.first { $0.name == .notification }?.ageSeconds != nil)
            #expect(Set(broken.events.map(\.words)) == ["is dead", "is frozen"])

            let placed = try await stack.place(request)
            #expect(placed.status == 201)
            let order: OrderDocument = try JSON.decode(OrderDocument.self, from: placed.body)
            let degraded = try await watcher.until { dashboard in
                dashboard.events.contains { $0.subject == order.id && $0.kind == .worse }
                    && (dashboard.orders?.perSecond["confirmed"] ?? 0) > 0
            }
            #expect((degraded.services.first { $0.name == .order }?.queued ?? 0) > 0)
            #expect(
                (degraded.dependencies.first { $0.name == "inventory" }?.latency?.p99Milliseconds ?? 0) > 0)

            try await stack.csp("thaw", "notification")
            try await stack.csp("start", "coupon")
            let repaired = try await watcher.until { dashboard in
                dashboard.events.contains {
                    $0.subject == order.id && $0.words.hasPrefix("repaired coupon: ")
                }
            }
            #expect(state(.coupon, repaired) == .ready && state(.notification, repaired) == .ready)
        }
    }

    @Test("without a terminal a dashboard is plain text, or with --json a line of JSON")
    func plain() async throws {
        try await withSystemStack { stack in
            let text = try await stack.csp("watch", "--once").output
            #expect(
                text.contains("ORDER ASKS") && text.contains("\norder        ready")
                    && !text.contains("\u{1B}"))
            let json = try await stack.csp("watch", "--once", "--json").output
            #expect(json.split(separator: "\n").count == 1)
            let object = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            #expect(
                (object["services"] as? [Any])?.count == ServiceName.allCases.count
                    && (object["dependencies"] as? [Any])?.count == 4)
            let alone = try await Executables.run(
                "csp", ["watch", "--once", "--url", try stack.url("order")])
            #expect(
                alone.status == 0 && alone.output.contains("\norder        ready")
                    && !alone.output.contains("payment      ready"))
        }
    }

    @Test("a folder without a stack is reported in one line")
    func noStack() async throws {
        let outcome = try await Executables.run("csp", ["watch", "--data", "/nowhere/at/all"])
        #expect(outcome.status == 1 && outcome.errors.hasPrefix("csp: no stack on /nowhere/at/all"))
    }

    @Test("with order dead the exit code says so, and a lost reader ends the command without a message")
    func deadOrderAndGoneReader() async throws {
        try await withSystemStack { stack in
            let csp = Executables.folder.appending(path: "csp").path
            let scratch = try TemporaryFolder()
            let errors = try scratch.write("", to: "err")
            let head = try ChildProcess(
                "/bin/bash", ["-c", "set -o pipefail; \(csp) watch --data \(stack.folder.path) | head -1"],
                errors: errors)
            #expect(await head.end() == 0)
            #expect(try String(contentsOfFile: errors, encoding: .utf8).isEmpty)
            try await stack.csp("kill", "order")
            let dead = try await stack.csp("watch", "--once", expecting: 1)
            #expect(dead.output.contains("\norder        dead") && dead.errors.isEmpty)
            #expect(!dead.output.contains("closed") && !dead.output.contains("nothing out of the ordinary"))
        }
    }
}
