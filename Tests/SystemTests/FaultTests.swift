import Contracts
import Foundation
import TestSupport
import Testing

@Suite("csp fault", .timeLimit(.minutes(20)), .serialized)
struct FaultTests {
    private func active(_ stack: SystemStack) async throws -> [String: [FaultStatus.Entry]] {
        struct Report: Decodable {
            struct Service: Decodable {
                var name: String
                var faults: [FaultStatus.Entry]
            }
            var services: [Service]
        }
        let shown = try await stack.csp("fault", "show", "--json")
        let report = try JSON.decode(Report.self, from: Data(shown.output.utf8))
        return Dictionary(uniqueKeysWithValues: report.services.map { ($0.name, $0.faults) })
    }

    @Test("a fault is set, added, replaced, shown and cleared; orders go on, and nothing is lost")
    func journey() async throws {
        try await withSystemStack(environment: ["FAULTS_ENABLED": "true", "ORDER_BUDGET": "20s"]) { stack in
            try await stack.csp("fault", "coupon", "error", "--status", "503")
            try await stack.csp("fault", "coupon", "abort", "--route", "GET /coupons/{code}", "--add")
            try await stack.csp("fault", "payment", "garbage", "--when", "after", "--at-most", "1")
            let items = [ItemQuantity(sku: "P850102", quantity: 1)]
            let order = OrderRequest(
                customerId: "H1", items: items, couponCode: "C10000085361",
                payment: PaymentMeans(token: "tok_ok"))
            let placed = try await stack.place(order)
            #expect([201, 202].contains(placed.status), "\(String(decoding: placed.body, as: UTF8.self))")
            var faults = try await active(stack)
            #expect(faults["coupon"]?.map(\.fault.kind) == ["error", "abort"] && faults["order"] == [])
            #expect((faults["coupon"]?.first?.injected ?? 0) > 0)
            try await stack.csp("fault", "coupon", "latency", "--milliseconds", "1")
            faults = try await active(stack)
            #expect(faults["coupon"]?.map(\.fault.kind) == ["latency"])
            try await stack.csp("fault", "clear", "payment")
            faults = try await active(stack)
            #expect(faults["payment"] == [] && faults["coupon"]?.count == 1)
            try await stack.csp("kill", "coupon")
            try await stack.csp("fault", "clear")
            let dead = try await stack.csp("fault", "coupon", "abort", expecting: 1)
            #expect(dead.errors.contains("coupon is dead") && dead.errors.split(separator: "\n").count == 1)
            try await stack.csp("start", "coupon")
            try await stack.csp("audit")
        }
    }

    @Test("a stack without faults enabled says so once, and how to start one")
    func disabled() async throws {
        try await withSystemStack { stack in
            for arguments in [["coupon", "abort"], ["clear"], ["show"]] {
                let outcome = try await Executables.run(
                    "csp", ["fault"] + arguments + ["--data", stack.folder.path])
                #expect(outcome.status == 1 && outcome.errors.contains("FAULTS_ENABLED=true csp up"))
                #expect(outcome.errors.split(separator: "\n").count == 1)
            }
        }
    }

    @Test("a service that is stopped while a fault holds requests ends within its time")
    func stopping() async throws {
        try await withSystemStack(environment: ["FAULTS_ENABLED": "true"]) { stack in
            try await stack.csp("fault", "payment", "black-hole")
            let held = Task { try? await stack.post("payment", "/payments/void", ["orderId": "o"]) }
            while try await active(stack)["payment"]?.first?.running == 0 {}
            let down = try await stack.csp("down")
            #expect(!down.output.contains("Killed") && down.output.contains("payment"))
            #expect(await held.value == nil)
        }
    }

    @Test("invalid fault settings, or without FAULTS_ENABLED, end the start with 78 and one line")
    func settings() async throws {
        for (key, value) in [("COUPON_FAULTS", #"[{"kind":"abort"}]"#), ("PAYMENT_FAULTS", "abort")] {
            let enabled = key == "COUPON_FAULTS" ? "false" : "true"
            let outcome = try await Executables.run(
                "order", [],
                environment: ["SERVICE_TOKEN": "t", "HTTP_PORT": "0", "FAULTS_ENABLED": enabled, key: value])
            #expect(outcome.status == 78 && outcome.errors.contains(key))
            #expect(outcome.errors.split(separator: "\n").count == 1)
        }
    }
}
