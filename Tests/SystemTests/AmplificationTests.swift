import Contracts
import Foundation
import InventoryService
import OrderService
import TestSupport
import Testing
import Transport

@testable import CommandLine

/// A retrying client calls order, which retries its calls of a service that refuses: retries must not
/// multiply over three hops.
@Suite("Retries over three hops", .timeLimit(.minutes(10)))
struct AmplificationTests {
    private static let body = #"""
        {"type":"urn:csp:problem:overloaded","title":"Too much to do","status":503,\#
        "detail":"Nothing was begun.","code":"overloaded"}
        """#

    /// Refuses as admission does, with or without `Retry-After`.
    private static func refusing(_ retryAfter: String) throws -> MisbehavingServer {
        try MisbehavingServer(
            behaviour: .answer(
                "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\(retryAfter)"
                    + "content-length: \(body.utf8.count)\r\n\r\n\(body)"))
    }

    private static let orders = 600
    /// With the breakers off, only retry budgets limit the calls.
    private static let withoutBreakers = [
        "INVENTORY_BREAKER_MINIMUM_CALLS": "10000", "PAYMENT_BREAKER_MINIMUM_CALLS": "10000",
        "CATALOGUE_TIMEOUT": "0s",
        "CSP_MODE": "protected",
    ]

    /// Places many orders at once, each sent until something is decided, and counts the calls of
    /// critical-plus that a service got. On a slow machine some orders end before they call it.
    private func calls(
        of path: String, at last: MisbehavingServer, from order: RunningService<OrderApplication>, sku: String
    ) async throws -> Double {
        let client = HTTPClient(maximumConnectionsPerHost: 64)
        defer { client.shutdown() }
        let purchase = Purchase(
            placing: client.send, following: client.send, orderURL: order.url, timeout: .seconds(4))
        let run = UUID().uuidString
        await withDiscardingTaskGroup { group in
            for number in 0..<Self.orders {
                group.addTask {
                    let request = OrderRequest(
                        customerId: "c\(number)", items: [ItemQuantity(sku: sku, quantity: 1)],
                        payment: PaymentMeans(token: "tok_ok"))
                    guard let body = try? JSON.encode(request) else { return }
                    _ = await purchase.place(Array(body), key: "\(run)-\(number)", intended: .now)
                }
            }
        }
        // Excludes the queue's calls, which are sheddable and wait up to half a minute.
        let asked = last.seen.requests.filter {
            $0.hasPrefix("POST \(path) ") && $0.contains("csp-criticality: critical-plus")
        }
        return Double(asked.count) / Double(Self.orders)
    }

    @Test(
        "when inventory refuses everything, it is asked little more often than there are orders",
        arguments: ["", "retry-after: 1\r\n"])
    func inventory(retryAfter: String) async throws {
        let last = try Self.refusing(retryAfter)
        defer { last.stop() }
        try await withService(
            OrderApplication.self, settings: Self.withoutBreakers.merging(["INVENTORY_URL": last.url]) { $1 }
        ) { order in
            let amplification = try await calls(of: "/reservations", at: last, from: order, sku: "APPLE")
            #expect(amplification > 0 && amplification <= 1.2)
        }
    }

    @Test(
        "when payment refuses everything, it is asked little more often than there are orders",
        arguments: ["", "retry-after: 1\r\n"])
    func payment(retryAfter: String) async throws {
        let last = try Self.refusing(retryAfter)
        defer { last.stop() }
        let seeds = try TemporaryFolder()
        try "sku,name,department,price,stock\nAPPLE,Apple,FRUIT,100,100000\n"
            .write(toFile: seeds.path + "/products.csv", atomically: true, encoding: .utf8)
        try await withService(InventoryApplication.self, settings: ["SEED_DIR": seeds.path]) { inventory in
            try await withService(
                OrderApplication.self,
                settings: Self.withoutBreakers.merging([
                    "PAYMENT_URL": last.url, "INVENTORY_URL": inventory.url,
                ]) { $1 }
            ) { order in
                let amplification = try await calls(of: "/payments", at: last, from: order, sku: "APPLE")
                #expect(amplification > 0 && amplification <= 1.2)
            }
        }
    }
}
