import Contracts
import Foundation
import TestSupport
import Testing
import Transport

/// Traces of real processes.
@Suite("Traces", .timeLimit(.minutes(10)))
struct TraceTests {
    /// The span of the customer's own.
    private static let customer = "00f067aa0ba902b7"

    private struct Trace: Decodable {
        struct Span: Decodable {
            struct Link: Decodable { var spanId: String }
            struct Event: Decodable { var name: String }
            var spanId: String
            var parentSpanId: String?
            var service: String
            var name: String
            var kind: String
            var status: String
            var events: [Event]
            var links: [Link]
        }

        var traceId: String
        var orderIds: [String]
        var spans: [Span]

        /// `service name`, each once.
        var steps: Set<String> { Set(spans.map { "\($0.service) \($0.name)" }) }
        /// Whether the caller of each span is known; the root's is the customer.
        var isComplete: Bool {
            let known = Set(spans.map(\.spanId) + [TraceTests.customer])
            return spans.allSatisfy { $0.parentSpanId.map(known.contains) == true }
        }
        var events: Set<String> { Set(spans.flatMap { $0.events.map(\.name) }) }
    }

    /// Places an order as a part of a trace of the customer's own.
    private func place(_ stack: SystemStack, _ request: OrderRequest) async throws -> (
        status: Int, trace: String, order: String?
    ) {
        struct Placed: Decodable {
            var id: String?
            var orderId: String?
        }
        let trace = (0..<2).map { _ in String(UInt64.random(in: .min ... .max) | 1 << 63, radix: 16) }
            .joined()
        var call = HTTPClient.Request(
            method: "POST", url: try stack.url("order") + "/orders", connectTimeout: .seconds(60),
            timeout: .seconds(60))
        call.headers = [
            (name: "Content-Type", value: "application/json"),
            (name: "Idempotency-Key", value: UUID().uuidString),
            (name: "traceparent", value: "00-\(trace)-\(Self.customer)-01"),
        ]
        call.body = Array(try JSON.encode(request))
        let answer = try await stack.client.send(call)
        let placed = try JSON.decode(Placed.self, from: Data(answer.body))
        return (answer.status, trace, placed.id ?? placed.orderId)
    }

    /// Reads a trace until it has all of the steps and, unless a process was killed with some, the caller of
    /// each: the services send what they have recorded one after the other.
    private func trace(_ stack: SystemStack, _ id: String, _ steps: Set<String>, isComplete: Bool = true)
        async throws -> Trace
    {
        while true {
            if let trace: Trace = try? await stack.get("console", "/api/traces/\(id)"),
                steps.isSubset(of: trace.steps), !isComplete || trace.isComplete
            {
                return trace
            }
            await Task.yield()
        }
    }

    private func request(
        _ sku: String = "P850102", _ quantity: Int = 1, coupon: String? = nil,
        ifCouponUnavailable: IfCouponUnavailable? = nil, token: String = "tok_ok"
    ) -> OrderRequest {
        OrderRequest(
            customerId: "traced-\(UInt32.random(in: 0 ... .max))",
            items: [ItemQuantity(sku: sku, quantity: quantity)],
            couponCode: coupon, ifCouponUnavailable: ifCouponUnavailable,
            payment: PaymentMeans(token: token))
    }

    /// A delivery links to what enqueued it.
    private func check(_ trace: Trace) {
        for span in trace.spans where span.kind == "consumer" {
            #expect(span.links.map(\.spanId) == [span.parentSpanId])
        }
    }

    private static let paid: Set = [
        "order POST /orders", "order write placing", "order inventory reserve", "order payment capture",
        "inventory POST /reservations", "payment POST /payments", "order write confirmed",
    ]
    private static let queued: Set = [
        "order process commit-reservation", "inventory POST /reservations/{orderId}/commit",
        "order process order-confirmed", "notification POST /events",
    ]

    @Test("a purchase is one trace, its queued steps included, for every outcome")
    func outcomes() async throws {
        let settings = SystemStack.generousTimeouts(["COUPON_BREAKER_OPEN": "10ms"])
        try await withSystemStack(environment: settings) { stack in
            let coupon: Coupon = try await stack.get("coupon", "/coupons/C10000085361")
            let sku = try #require(coupon.eligibleSkus.first)

            let confirmed = try await place(stack, request())
            #expect(confirmed.status == 201)
            let whole = try await trace(stack, confirmed.trace, Self.paid.union(Self.queued))
            check(whole)
            #expect(whole.orderIds == [confirmed.order])
            struct List: Decodable { var items: [Trace] }
            let found: List = try await stack.get("console", "/api/traces?orderId=\(confirmed.order ?? "")")
            #expect(found.items.map(\.traceId) == [confirmed.trace])

            let declined = try await place(stack, request(token: "tok_declined"))
            #expect(declined.status == 402)
            check(
                try await trace(
                    stack, declined.trace,
                    ["payment POST /payments", "order process release-reservation", "order write rejected"]))
            let short = try await place(stack, request("P850102", 1000))
            #expect(short.status == 409)
            check(
                try await trace(stack, short.trace, ["inventory POST /reservations", "order POST /orders"]))
            let unknown = try await place(stack, request("NONE"))
            #expect(unknown.status == 422)
            check(try await trace(stack, unknown.trace, ["order POST /orders"]))
            let refused = try await place(stack, request(sku, coupon: "NONE"))
            #expect(refused.status == 422)
            check(try await trace(stack, refused.trace, ["coupon POST /redemptions", "order POST /orders"]))

            try await stack.csp("kill", "coupon")
            let degraded = try await place(stack, request(sku, 2, coupon: coupon.code))
            #expect(degraded.status == 201)
            let rejecting = try await place(
                stack, request("P850102", coupon: "NOT-CACHED", ifCouponUnavailable: .reject))
            #expect(rejecting.status == 503)
            let failed = try await trace(
                stack, rejecting.trace, ["order coupon redeem", "order POST /orders"])
            #expect(failed.spans.contains { $0.status == "error" } && failed.events.contains("fallback"))
            try await stack.csp("start", "coupon")
            check(
                try await trace(
                    stack, degraded.trace, ["order process repair-coupon", "coupon POST /redemptions"]))
        }
    }

    @Test("an order that another process finishes, after a crash, is still one trace")
    func afterACrash() async throws {
        let settings = SystemStack.generousTimeouts(["PAYMENT_BREAKER_OPEN": "10ms"])
        try await withSystemStack(environment: settings) { stack in
            try await stack.csp("kill", "payment")
            let accepted = try await place(stack, request())
            #expect(accepted.status == 202)
            _ = try await trace(stack, accepted.trace, ["order POST /orders"], isComplete: false)
            try await stack.csp("kill", "order")
            try await stack.csp("start", "payment")
            try await stack.csp("start", "order")
            let whole = try await trace(
                stack, accepted.trace,
                Self.queued.union(["order process finish-order", "payment POST /payments"]),
                isComplete: false)
            check(whole)
            #expect(whole.orderIds == [accepted.order])
            // Logs name the same trace.
            let logs = try await stack.csp("logs", "--order", accepted.order ?? "")
            let lines = logs.output.split(separator: "\n")
            #expect(
                !lines.isEmpty && lines.allSatisfy { $0.contains("trace_id=\(accepted.trace)") }, "\(logs)")
        }
    }

    @Test("OpenTelemetry's own definitions read every span")
    func parsed() async throws {
        let folder = try TemporaryFolder()
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Collector/collector.py").path
        let portFile = folder.path + "/port"
        let output = try folder.write("", to: "output")
        let collector = try ChildProcess(
            "/usr/bin/env", ["python3", script, portFile], output: output, errors: output)
        defer { collector.terminate() }
        func port() -> Int? {
            (try? String(contentsOfFile: portFile, encoding: .utf8)).flatMap {
                $0.hasSuffix("\n") ? Int($0.dropLast()) : nil
            }
        }
        while port() == nil {
            guard collector.isRunning else {
                let words = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
                print(words)
                #expect(await collector.end() == 77, "\(words)")
                return
            }
            await Task.yield()
        }
        let url = "http://127.0.0.1:\(port() ?? 0)"
        struct Span: Decodable {
            var service: String
            var name: String
            var trace: String
        }
        let settings = SystemStack.generousTimeouts(["OTEL_EXPORTER_OTLP_ENDPOINT": url])
        try await withSystemStack(environment: settings) { stack in
            func read<Value: Decodable>(_ path: String) async throws -> Value {
                let answer = try await stack.client.send(
                    HTTPClient.Request(url: url + path, timeout: .seconds(60)))
                return try JSON.decode(Value.self, from: Data(answer.body))
            }
            let confirmed = try await place(stack, request())
            #expect(confirmed.status == 201)
            while true {
                let spans: [Span] = try await read("/spans")
                let own = spans.filter { $0.trace == confirmed.trace }
                if Self.paid.union(Self.queued).isSubset(of: own.map { "\($0.service) \($0.name)" }) { break }
                await Task.yield()
            }
            let errors: [String] = try await read("/errors")
            #expect(errors == [])
        }
    }

    enum Collector: String, CaseIterable, Sendable {
        case dead, slow, garbage
    }

    @Test(
        "with a dead, slow or garbled collector orders are confirmed as ever, and the lost spans are counted",
        arguments: Collector.allCases)
    func broken(_ kind: Collector) async throws {
        let server = try MisbehavingServer(
            behaviour: kind == .dead ? .refuse : kind == .slow ? .hang : .answer("nonsense"))
        defer { server.stop() }
        let settings = SystemStack.generousTimeouts(["OTEL_EXPORTER_OTLP_ENDPOINT": server.url])
        try await withSystemStack(environment: settings) { stack in
            for _ in 0..<3 { #expect(try await place(stack, request()).status == 201) }
            while true {
                let page = try await stack.client.send(
                    HTTPClient.Request(url: try stack.url("order") + "/metrics", timeout: .seconds(60)))
                if String(decoding: page.body, as: UTF8.self).contains(
                    /csp_spans_dropped_total\{reason="unreachable"\} [1-9]/)
                {
                    break
                }
                await Task.yield()
            }
            #expect(try await place(stack, request()).status == 201)
        }
    }
}
