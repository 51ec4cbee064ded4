import Contracts
import Foundation
import TestSupport
import Testing

/// A worker that is frozen past its leases while its deliveries are carried out.
@Suite("A frozen worker", .timeLimit(.minutes(20)), .serialized)
struct FrozenWorkerTests {
    @Test("order, frozen for twice its lease during deliveries, goes on with one effect each")
    func frozen() async throws {
        let lease = Duration.seconds(1)
        let settings = SystemStack.generousTimeouts(["QUEUE_LEASE": "1s", "NOTIFICATION_QUEUE_TIMEOUT": "3s"])
        try await withSystemStack(environment: settings) { stack in
            // The receiver is frozen first, so that deliveries are under way when the worker freezes.
            try await stack.csp("freeze", "notification")
            for number in 0..<10 {
                let order = OrderRequest(
                    customerId: "H\(number)", items: [ItemQuantity(sku: "P850102", quantity: 1)],
                    payment: PaymentMeans(token: "tok_ok"))
                #expect(try await stack.place(order).status == 201)
            }
            while try await stack.get("order", "/queue", as: QueueStatus.self).byKind["order-confirmed"]?
                .leased == 0
            {}
            try await stack.csp("freeze", "order")
            // The receiver handles the messages, and its answers are lost.
            try await stack.csp("thaw", "notification")
            // The time that passes is the fault.
            try await Task.sleep(for: lease * 2)
            try await stack.csp("thaw", "order")
            try await stack.csp("audit")
            let told: Page<StoredNotification> = try await stack.get("notification", "/notifications")
            #expect(told.items.filter { $0.kind == .orderConfirmed }.count == 10)
        }
    }

    @Test("payment and inventory, frozen while customers buy, do repeated requests once")
    func frozenDependencies() async throws {
        try await withSystemStack { stack in
            for service in ["payment", "inventory"] {
                try await stack.csp("freeze", service)
                let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<10 {
                        let order = OrderRequest(
                            customerId: "\(service)-\(number)",
                            items: [ItemQuantity(sku: "P850102", quantity: 1)],
                            payment: PaymentMeans(token: "tok_ok"))
                        group.addTask { try await stack.place(order).status }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.allSatisfy { $0 == 202 }, "\(answers)")
                try await stack.csp("thaw", service)
            }
            try await stack.csp("audit")
            let confirmed: Page<OrderDocument> = try await stack.get("order", "/orders?status=confirmed")
            #expect(confirmed.items.count == 20)
        }
    }
}
