import Contracts
import Foundation
import TestSupport
import Testing
import Transport

/// Serialized: each has a whole stack, and two cores carry one at a time.
@Suite("The first outage, with real processes", .timeLimit(.minutes(20)), .serialized)
struct OutageTests {
    private let basket = [ItemQuantity(sku: "P850102", quantity: 2)]

    private func request(_ customer: String, coupon: String? = nil) -> OrderRequest {
        OrderRequest(
            customerId: customer, items: basket, couponCode: coupon, payment: PaymentMeans(token: "tok_ok"))
    }

    /// An order of the journey with a coupon that applies.
    private func couponRequest(_ stack: SystemStack, customer: String) async throws -> OrderRequest {
        let coupon: Coupon = try await stack.get("coupon", "/coupons/C10000085361")
        let items = [ItemQuantity(sku: try #require(coupon.eligibleSkus.first), quantity: 2)]
        return OrderRequest(
            customerId: customer, items: items, couponCode: coupon.code,
            payment: PaymentMeans(token: "tok_ok"))
    }

    @Test(
        "with coupon killed or frozen orders are confirmed without it, discounted by the last known rule",
        arguments: ["kill", "freeze"])
    func coupon(how: String) async throws {
        let generousTimeouts = SystemStack.generousTimeouts([
            "COUPON_TIMEOUT": "3s", "COUPON_ATTEMPT_TIMEOUT": "3s",
        ])
        try await withSystemStack(environment: generousTimeouts) { stack in
            let couponOrder = try await couponRequest(stack, customer: "H-out")
            // Makes order read the coupon's rule.
            #expect(try await stack.post("order", "/quotes", couponOrder).status == 200)
            try await stack.csp(how, "coupon")
            // Answered while coupon can't answer; the drill checks latency, in release.
            let (status, body) = try await stack.place(couponOrder)
            let order = try JSON.decode(OrderDocument.self, from: body)
            #expect(status == 201 && order.status == .confirmed && order.discount == 100)
            #expect(order.degradations.map(\.effect) == [.couponEstimated])
            try await stack.csp(how == "kill" ? "start" : "thaw", "coupon")
            try await stack.csp("audit")
            let repaired: OrderDocument = try await stack.get("order", "/orders/\(order.id)")
            #expect(
                repaired.refunded == 0
                    && repaired.degradations.map(\.outcome) == ["redeemed; nothing was owed"])
            #expect(repaired.total == order.total && repaired.discount == 100)
        }
    }

    @Test(
        "with notification killed or frozen orders are confirmed, and every message arrives later",
        arguments: ["kill", "freeze"])
    func notification(how: String) async throws {
        try await withSystemStack(environment: SystemStack.generousTimeouts()) { stack in
            try await stack.csp(how, "notification")
            for number in 0..<20 {
                let (status, _) = try await stack.place(request("H\(number)"))
                #expect(status == 201)
            }
            try await stack.csp(how == "kill" ? "start" : "thaw", "notification")
            try await stack.csp("audit")
            let told: Page<StoredNotification> = try await stack.get("notification", "/notifications")
            #expect(told.items.count == 20)
        }
    }

    @Test("after SIGKILL and restart orders are finished, and retries get them")
    func orderKilled() async throws {
        try await withSystemStack { stack in
            let baskets = try Journey.baskets(200)
            async let killing: Void = {
                while try await stack.get("order", "/orders?limit=1", as: Page<OrderDocument>.self).items
                    .isEmpty
                {}
                try await stack.csp("kill", "order")
                try await stack.csp("start", "order")
            }()
            let finished = await withTaskGroup(of: Bool.self) { group in
                for (number, basket) in baskets.enumerated() {
                    group.addTask {
                        let order = OrderRequest(
                            customerId: "H\(number)", items: basket, payment: PaymentMeans(token: "tok_ok"))
                        return await self.persist(stack, order, key: "key-\(number)")
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            try await killing
            #expect(finished == 200)
            try await stack.csp("audit")
            let confirmed: Page<OrderDocument> = try await stack.get(
                "order", "/orders?status=confirmed&limit=500")
            #expect(confirmed.items.count == 200)
        }
    }

    /// Repeats with the same key until the order is placed, as a client does after a lost connection. False
    /// after a refusal.
    private func persist(_ stack: SystemStack, _ order: OrderRequest, key: String) async -> Bool {
        while true {
            guard let (status, _) = try? await stack.place(order, key: key) else { continue }
            if status == 201 || status == 202 { return true }
            // 503: nothing was done; 409: the first request still runs. Anything else is final.
            if status != 503 && status != 409 { return false }
        }
    }

    @Test("the replay of the journey, with everything killed and restarted, ends with a clean audit")
    func replay() async throws {
        try await withSystemStack { stack in
            let file = try stack.folder.write(
                Journey.lines(400).joined(separator: "\n") + "\n", to: "part.jsonl")
            async let load = stack.csp("load", "--replay", file, "--rate", "60", "--json")
            for service in ["coupon", "notification", "order"] {
                try await stack.csp("kill", service)
                try await stack.csp("start", service)
            }
            let outcome = try await load
            #expect(outcome.output.contains("confirmed"))
            try await stack.csp("audit")
        }
    }

    @Test(
        "500 parallel buyers of ten pieces get exactly ten, and 200 uses of a coupon for one are exactly one")
    func scarcity() async throws {
        let seeds = try TemporaryFolder()
        try seeds.write(
            "sku,name,department,price,stock\nRARE,Rare,X,100,10\nPLENTY,Plenty,X,100,5000\n",
            to: "products.csv")
        try seeds.write(
            "code,amount_off,limit_per_customer,eligible_skus\nONCE,10,1,PLENTY\n", to: "coupons.csv")
        // Decisions count here, not latency.
        try await withSystemStack(environment: SystemStack.generousTimeouts(["SEED_DIR": seeds.path])) {
            stack in
            let rare = [ItemQuantity(sku: "RARE", quantity: 1)]
            let bought = try await statuses(stack, 500) {
                OrderRequest(customerId: "H\($0)", items: rare, payment: PaymentMeans(token: "tok_ok"))
            }
            #expect(bought == [201: 10, 409: 490])
            let plenty = [ItemQuantity(sku: "PLENTY", quantity: 1)]
            let used = try await statuses(stack, 200) { _ in
                OrderRequest(
                    customerId: "H", items: plenty, couponCode: "ONCE", payment: PaymentMeans(token: "tok_ok")
                )
            }
            let reasons = try await stack.reasons()
            #expect(used == [201: 1, 422: 199], "\(reasons)")
            try await stack.csp("audit")
        }
        withExtendedLifetime(seeds) {}
    }

    private func statuses(
        _ stack: SystemStack, _ count: Int, _ make: @Sendable @escaping (Int) -> OrderRequest
    ) async throws
        -> [Int: Int]
    {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<count { group.addTask { try await stack.place(make(number)).status } }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
    }
}

/// The project's baskets.
private enum Journey {
    private struct Line: Decodable {
        var items: [ItemQuantity]
    }

    static func lines(_ count: Int) throws -> [Substring] {
        try String(contentsOf: folder.appending(path: "orders.jsonl"), encoding: .utf8).split(separator: "\n")
            .prefix(count)
            .map { $0 }
    }

    static func baskets(_ count: Int) throws -> [[ItemQuantity]] {
        try lines(count).map { try JSON.decode(Line.self, from: Data($0.utf8)).items }
    }

    /// The folder in the checkout above the executables.
    private static var folder: URL {
        var folder = Executables.folder
        while folder.path != "/" {
            let journey = folder.appending(path: "Data/journey")
            if FileManager.default.fileExists(atPath: journey.path) { return journey }
            folder.deleteLastPathComponent()
        }
        return URL(filePath: "Data/journey")
    }
}

extension SystemStack {
    fileprivate func reasons() async throws -> [String: Int] {
        let page = try await get("order", "/orders?limit=500&customerId=H", as: Page<OrderDocument>.self)
        return page.items.flatMap(\.degradations).reduce(into: [:]) {
            $0["\($1.effect) \($1.reason)", default: 0] += 1
        }
    }
}
