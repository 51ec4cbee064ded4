import Contracts
import TestSupport
import Testing

@Suite("Faults on order's way to its dependencies", .timeLimit(.minutes(10)))
struct ClientFaultsTests {
    @Test("each dependency has its own setting, with the effect of an outage")
    func settings() async throws {
        let settings = [
            "FAULTS_ENABLED": "true", "COUPON_FAULTS": #"[{"kind": "garbage", "expiresInSeconds": 3600}]"#,
            "PAYMENT_FAULTS": #"""
            {"faults": [{"route": "POST /payments", "kind": "error", "when": "after", \#
            "expiresInSeconds": 3600}]}
            """#,
        ]
        try await withStack(settings: settings) { stack in
            let answer = try await stack.place(request(coupon: "TENTH"))
            let order: OrderDocument = try answer.decode()
            #expect(answer.status == 202 && order.pending == ["payment"])
            let reasons = order.degradations.map { "\($0.dependency) \($0.reason)" }
            #expect(reasons.sorted() == ["coupon invalid-answer", "payment server-error"])
            let payments = try await stack.payment.get("/payments?orderId=\(order.id)").text
            #expect(payments.contains("captured"))
            #expect(
                try await stack.coupon.get("/redemptions?orderId=\(order.id)").text.contains(#""items":[]"#))
        }
    }

    @Test("faults of inventory and notification affect no other dependency")
    func others() async throws {
        let settings = [
            "FAULTS_ENABLED": "true",
            "INVENTORY_FAULTS":
                #"[{"route": "POST /reservations", "kind": "abort", "expiresInSeconds": 3600}]"#,
            "NOTIFICATION_FAULTS": #"[{"kind": "error", "status": 503, "expiresInSeconds": 3600}]"#,
        ]
        try await withStack(settings: settings) { stack in
            let order: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
            #expect(order.pending == ["inventory", "payment"])
            #expect(
                order.degradations.contains { $0.dependency == "inventory" && $0.reason == "connection-lost" }
            )
            while true {
                let path: PathDocument = try await stack.order.get("/csp").decode()
                let notification = try #require(path.dependencies.first { $0.name == "notification" })
                if notification.state.lastFailure?.reason == "server-error" { break }
                await Task.yield()
            }
        }
    }
}
