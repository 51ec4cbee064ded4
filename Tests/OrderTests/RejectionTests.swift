import Contracts
import Foundation
import TestSupport
import Testing

/// Unexpected refusals that another attempt can't change: they are no outage.
@Suite("Rejected deliveries", .timeLimit(.minutes(10)))
struct RejectionTests {
    /// So short that no test waits for the breaker to close.
    private let breaker = ["COUPON_BREAKER_OPEN": "10ms", "COUPON_BREAKER_LONGEST_OPEN": "10ms"]

    private func refusal(_ status: Int) -> MisbehavingServer.Behaviour {
        let body = #"{"type":"x","title":"x","status":\#(status),"detail":"no","code":"not-here"}"#
        return .answer("HTTP/1.1 \(status) No\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    @Test(
        "an unexpected 4xx makes a dead letter with the reason, and doesn't count for the breaker",
        arguments: [400, 401, 404, 409, 410, 422])
    func deadLetter(status: Int) async throws {
        let refusing = try MisbehavingServer(behaviour: refusal(status))
        defer { refusing.stop() }
        try await withStack(settings: ["NOTIFICATION_URL": refusing.url]) { stack in
            let order: OrderDocument = try await stack.place(request()).decode()
            var dead: [DeadMessage] = []
            while dead.isEmpty {
                dead = try await (stack.order.get("/queue/dead").decode() as Page<DeadMessage>).items
            }
            #expect(dead.map(\.key) == [order.id] && dead.map(\.kind) == ["order-confirmed"])
            #expect(dead[0].reason == "unexpected-refusal: \(status) not-here" && dead[0].tries == 5)
            let path: PathDocument = try await stack.order.get("/csp").decode()
            let notification = try #require(path.dependencies.first { $0.name == "notification" })
            #expect(notification.state.breaker.state == "closed" && notification.state.breaker.failures == 0)
            #expect(
                notification.state.calls["refused"] == 5
                    && notification.state.lastFailure?.reason == "unexpected-refusal")
        }
    }

    @Test("Request Timeout and Too Early are retried like an outage", arguments: [408, 425])
    func passing(status: Int) async throws {
        let refusing = try MisbehavingServer(behaviour: refusal(status))
        defer { refusing.stop() }
        try await withStack(settings: ["NOTIFICATION_URL": refusing.url]) { stack in
            _ = try await stack.place(request())
            try await eventually { refusing.seen.requests.count >= 3 }
            let queue: QueueStatus = try await stack.order.get("/queue").decode()
            #expect(queue.dead == 0 && queue.byKind["order-confirmed"] != nil)
        }
    }

    @Test("an order with the longest names is undone, finished, repaired and refunded")
    func longest() async throws {
        // Four bytes each; the limit counts characters.
        let code = String(repeating: "\u{1F34F}", count: 255)
        let customer = String(repeating: "\u{1F600}", count: 255)
        let coupons = "code,amount_off,limit_per_customer,eligible_skus,valid_until\n\(code),501,9,APPLE,\n"
        let proxy = try FaultyProxy()
        defer { proxy.stop() }
        try await withStack(settings: breaker, through: ["COUPON_URL": proxy], coupons: coupons) { stack in
            proxy.treat { _ in .refuse }
            let skipped: OrderDocument = try await stack.place(
                request([("APPLE", 9)], customer: customer, coupon: code)
            )
            .decode()
            #expect(skipped.status == .confirmed && skipped.degradations.map(\.effect) == [.couponSkipped])
            let declined = try await stack.place(
                request([("APPLE", 9)], customer: customer, coupon: code, token: "tok_declined"))
            #expect(declined.status == 402)
            proxy.treat { _ in .pass }
            try await stack.drained()
            let repaired = try await stack.show(skipped.id)
            #expect(repaired.refunded == 501 && repaired.degradations.allSatisfy(\.repaired))
            let told: Page<StoredNotification> = try await stack.notification.get(
                "/notifications?orderId=\(skipped.id)"
            )
            .decode()
            #expect(told.items.map(\.kind).contains(.orderRefunded))
        }
    }

    @Test("an overloaded answer leaves the message queued and the breaker closed")
    func shed() async throws {
        let body = #"{"type":"x","title":"x","status":503,"detail":"no","code":"overloaded"}"#
        let answer = "HTTP/1.1 503 No\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let shedding = try MisbehavingServer(behaviour: .answer(answer))
        defer { shedding.stop() }
        let soon = ["NOTIFICATION_URL": shedding.url, "NOTIFICATION_BREAKER_MINIMUM_CALLS": "2"]
        try await withStack(settings: soon) { stack in
            for _ in 0..<3 { _ = try await stack.place(request()) }
            try await eventually { shedding.seen.requests.count >= 6 }
            let path: PathDocument = try await stack.order.get("/csp").decode()
            let state = try #require(path.dependencies.first { $0.name == "notification" }).state
            #expect(state.breaker.state == "closed" && state.lastFailure?.reason == "overloaded")
        }
    }
}
