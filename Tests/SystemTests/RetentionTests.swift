import Contracts
import CouponService
import Foundation
import InventoryService
import NotificationService
import OrderService
import PaymentService
import Runtime
import TestSupport
import Testing
import Transport

@testable import CommandLine
@testable import StackView

@Suite("Orders and notifications that are deleted once they are old", .timeLimit(.minutes(20)), .serialized)
struct RetentionTests {
    /// All services of a purchase in this process, each on its former folder.
    private struct Shop: Sendable {
        let order: RunningService<OrderApplication>
        let reader: StackReader

        func place(_ sku: String, coupon: String? = nil, token: String = "tok_ok") async throws -> Int {
            let request = OrderRequest(
                customerId: "H1", items: [ItemQuantity(sku: sku, quantity: 2)], couponCode: coupon,
                payment: PaymentMeans(token: token))
            return try await order.post("/orders", request, key: UUID().uuidString).status
        }

        func snapshot() async throws -> Snapshot {
            try await reader.waitUntilDrained(.seconds(600)) { _ in }
            return try await reader.snapshot { _ in }
        }
    }

    private func withShop<Result: Sendable>(
        in folders: [ServiceName: TemporaryFolder], settings: [String: String] = [:],
        wall: @escaping @Sendable () -> Timestamp, _ body: @Sendable (Shop) async throws -> Result
    ) async throws -> Result {
        let seeds = try TemporaryFolder()
        let products = [
            "sku,name,department,price,stock", "APPLE,Apple,FRUIT,100,1000", "PEAR,Pear,FRUIT,250,1000",
        ]
        try seeds.write(products.joined(separator: "\n"), to: "products.csv")
        try seeds.write(
            "code,amount_off,limit_per_customer,eligible_skus\nTENTH,10,9,APPLE", to: "coupons.csv")
        let seed = ["SEED_DIR": seeds.path]
        defer { withExtendedLifetime(seeds) {} }
        return try await withService(
            InventoryApplication.self, settings: seed, folder: folders[.inventory], wall: wall
        ) {
            inventory in
            try await withService(
                CouponApplication.self, settings: seed, folder: folders[.coupon], wall: wall
            ) { coupon in
                try await withService(PaymentApplication.self, folder: folders[.payment], wall: wall) {
                    payment in
                    try await withService(
                        NotificationApplication.self, settings: settings, folder: folders[.notification],
                        wall: wall
                    ) { notification in
                        let urls = [
                            "INVENTORY_URL": inventory.url, "COUPON_URL": coupon.url,
                            "PAYMENT_URL": payment.url,
                            "NOTIFICATION_URL": notification.url, "ORDER_BUDGET": "60s",
                        ]
                        return try await withService(
                            OrderApplication.self, settings: settings.merging(urls) { $1 },
                            folder: folders[.order], wall: wall
                        ) { order in
                            let all: [(ServiceName, String)] = [
                                (.order, order.url), (.payment, payment.url), (.coupon, coupon.url),
                                (.inventory, inventory.url), (.notification, notification.url),
                            ]
                            return try await body(Shop(order: order, reader: Self.reader(all, order.client)))
                        }
                    }
                }
            }
        }
    }

    private static func reader(_ services: [(ServiceName, String)], _ client: HTTPClient) throws
        -> StackReader
    {
        let process = try #require(ProcessIdentity(running: getpid()))
        let record = StackRecord(
            instance: "", basePort: 0, host: "127.0.0.1", seedFolder: "", stopping: false, environment: [:],
            services: services.map { StackRecord.Service(name: $0.0, url: $0.1, port: 0, process: process) })
        return StackReader(record: record, client: client, serviceToken: TestTokens.service)
    }

    @Test("the audit is clean after old orders were deleted; without the reported retention it isn't")
    func audit() async throws {
        var folders: [ServiceName: TemporaryFolder] = [:]
        for name in ServiceName.allCases { folders[name] = try TemporaryFolder() }
        let past = Timestamp.now().advanced(by: .seconds(-3 * 86_400))
        try await withShop(in: folders, wall: { past }) { shop in
            #expect(try await shop.place("APPLE", coupon: "TENTH") == 201)
            #expect(try await shop.place("PEAR") == 201)
            #expect(try await shop.place("PEAR", token: "tok_declined") == 402)
            let snapshot = try await shop.snapshot()
            #expect(snapshot.invariants.flatMap(\.violations) == [])
            #expect(snapshot.orders.count == 3 && snapshot.notifications.count == 2)
        }
        let settings = ["ORDER_RETENTION": "1d", "NOTIFICATION_RETENTION": "1d"]
        try await withShop(in: folders, settings: settings, wall: { Timestamp.now() }) { shop in
            #expect(try await shop.place("APPLE") == 201)
            // Retention runs beside requests, soon after the start.
            var snapshot = try await shop.snapshot()
            while snapshot.orders.count > 1 || snapshot.notifications.count > 1 {
                snapshot = try await shop.snapshot()
            }
            #expect(snapshot.payments.count == 3 && snapshot.reservations.count == 4)
            #expect(snapshot.invariants.flatMap(\.violations) == [])

            snapshot.retention = [:]
            #expect(snapshot.invariants.filter { !$0.ok }.map(\.number) == [2, 4, 5])
            snapshot.deletedGoods = []
            #expect(snapshot.invariants.filter { !$0.ok }.flatMap(\.violations).contains { $0.id == "PEAR" })
        }
        withExtendedLifetime(folders) {}
    }
}
