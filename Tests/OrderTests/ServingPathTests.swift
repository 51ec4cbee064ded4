import Contracts
import Foundation
import Resilience
import TestSupport
import Testing

/// The answers of a stubbed coupon service, which a test changes.
private final class Answers: Sendable {
    static let failure = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
    static let refusal: String = {
        let body =
            #"{"type":"x","title":"x","status":422,"detail":"expired","#
            + #""code":"coupon-refused","reason":"expired"}"#
        return "HTTP/1.1 422 Refused\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }()

    private let text = Locked(Answers.failure)

    var current: String {
        get { text.withLock { $0 } }
        set { text.withLock { $0 = newValue } }
    }
}

@Suite("The serving path of order", .timeLimit(.minutes(10)))
struct ServingPathTests {
    private func coupon(_ stack: Stack) async throws -> DependencyDocument {
        let path: PathDocument = try await stack.order.get("/csp").decode()
        return try #require(path.dependencies.first { $0.name == "coupon" })
    }

    @Test("GET /csp names every dependency with its role, its fallback, its effect and its numbers")
    func declared() async throws {
        try await withStack { stack in
            let path: PathDocument = try await stack.order.get("/csp").decode()
            #expect(path.dependencies.map(\.name) == ["inventory", "payment", "coupon", "notification"])
            #expect(path.dependencies.map(\.role) == [.critical, .critical, .optional, .optional])
            for dependency in path.dependencies {
                #expect(
                    !dependency.fallback.isEmpty && !dependency.effect.isEmpty
                        && !dependency.operations.isEmpty)
                #expect(
                    dependency.state.breaker.state == "closed"
                        && dependency.policies["breakerFailureRate"] != nil)
            }
            let others: PathDocument = try await stack.coupon.get("/csp").decode()
            #expect(others.service == "coupon" && others.dependencies.isEmpty)
        }
    }

    @Test("a failing coupon service is isolated after a few calls, probed, and used again")
    func givenUpAndBack() async throws {
        let answers = Answers()
        let broken = try MisbehavingServer(behaviour: .answer(now: { answers.current }))
        defer { broken.stop() }
        let numbers = [
            "COUPON_URL": broken.url, "COUPON_BREAKER_MINIMUM_CALLS": "3", "COUPON_BREAKER_OPEN": "20ms",
            "COUPON_BREAKER_LONGEST_OPEN": "20ms", "COUPON_ATTEMPTS": "1",
        ]
        try await withStack(settings: numbers) { stack in
            var reasons: Set<String> = []
            while !reasons.contains("circuit-open") {
                let order: OrderDocument = try await stack.place(request(coupon: "TENTH")).decode()
                #expect(order.status == .confirmed)
                reasons.formUnion(order.degradations.map(\.reason))
            }
            // Calls outside orders may have opened it before the first order.
            #expect(reasons.isSubset(of: ["server-error", "circuit-open"]))
            let state = try await coupon(stack).state
            #expect(state.calls["rejected", default: 0] > 0 && state.lastFailure?.reason == "server-error")
            let metrics = try await stack.order.get("/metrics").text
            #expect(metrics.contains(#"csp_breaker_state{dependency="coupon"}"#))

            // A refusal shows that coupon works. While the probe runs beside them, orders go without the
            // coupon.
            answers.current = Answers.refusal
            // Its refusal reaches a customer only once the breaker is closed.
            while try await stack.place(request(coupon: "TENTH")).status != 422 {}
        }
    }

    @Test("policies are changed at run time: all of a request or nothing, and by operators alone")
    func reconfigured() async throws {
        try await withStack { stack in
            func patch(_ name: String, _ body: String, token: String = TestTokens.administrator) async throws
                -> TestAnswer
            {
                try await stack.order.send(
                    "PATCH", "/csp/dependencies/\(name)", body: Array(body.utf8), token: token)
            }
            let changed: DependencyDocument = try await patch(
                "coupon", #"{"policies":{"timeoutMilliseconds":300,"breakerFailureRate":0.9}}"#
            ).decode()
            #expect(
                changed.policies["timeoutMilliseconds"] == 300
                    && changed.policies["breakerFailureRate"] == 0.9)

            let refused = try await patch(
                "coupon", #"{"policies":{"timeoutMilliseconds":100,"breakerFailureRate":7,"attempts":0}}"#)
            #expect(refused.status == 422 && refused.problem?.errors?.count == 2)
            let worse = try await patch(
                "coupon", #"{"control":"ajar","policies":{"breakerFailureRate":7,"attempts":0}}"#)
            #expect(worse.problem?.errors?.map(\.pointer) == ["/control", "/policies", "/policies"])
            #expect(try await coupon(stack).policies == changed.policies)
            #expect(try await patch("coupon", #"{"policies":{"generousTimeouts":1}}"#).status == 422)
            #expect(try await patch("coupon", #"{"control":"ajar"}"#).status == 422)
            #expect(try await patch("unknown", "{}").status == 404)
            #expect(try await patch("coupon", "{}", token: TestTokens.service).status == 401)
        }
    }

    @Test("a breaker that is forced open skips the coupon of every order, until it is automatic again")
    func forced() async throws {
        try await withStack { stack in
            let forced = Array(#"{"control":"forced-open"}"#.utf8)
            _ = try await stack.order.send(
                "PATCH", "/csp/dependencies/coupon", body: forced, token: TestTokens.administrator)
            let order: OrderDocument = try await stack.place(
                request(coupon: "TENTH", ifCouponUnavailable: .orderWithout)
            )
            .decode()
            #expect(order.status == .confirmed && order.degradations.map(\.reason) == ["circuit-open"])
            let automatic = Array(#"{"control":"automatic"}"#.utf8)
            _ = try await stack.order.send(
                "PATCH", "/csp/dependencies/coupon", body: automatic, token: TestTokens.administrator)
            let again: OrderDocument = try await stack.place(request(coupon: "ALL")).decode()
            #expect(again.degradations.isEmpty && again.discount == 100)
        }
    }
}
