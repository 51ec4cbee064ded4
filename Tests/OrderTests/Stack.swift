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

/// All services of a purchase, each with its own store and server, in one process.
struct Stack: Sendable {
    let order: RunningService<OrderApplication>
    let payment: RunningService<PaymentApplication>
    let coupon: RunningService<CouponApplication>
    let inventory: RunningService<InventoryApplication>
    let notification: RunningService<NotificationApplication>

    /// A small shop: SKUs with 1,000 in stock unless their name says otherwise.
    static let products = """
        sku,name,department,price,stock
        APPLE,Apple,FRUIT,100,1000
        PEAR,Pear,FRUIT,250,1000
        RARE,Rare fruit,FRUIT,999,3
        GIFT,Gift,OTHER,0,1000
        """
    static let coupons = """
        code,amount_off,limit_per_customer,eligible_skus,valid_until
        TENTH,10,1,APPLE,
        ALL,100,1,APPLE,
        TWICE,20,2,APPLE,
        LARGE,501,9,APPLE,
        PAST,10,9,APPLE,2020-01-01
        """

    func place(_ request: OrderRequest, key: String = UUID().uuidString) async throws -> TestAnswer {
        try await order.post("/orders", request, key: key)
    }

    func show(_ id: String) async throws -> OrderDocument { try await order.get("/orders/\(id)").decode() }

    /// Returns once the order satisfies `condition`; the queue works on it meanwhile.
    func until(_ id: String, _ condition: (OrderDocument) -> Bool) async throws -> OrderDocument {
        while true {
            let document = try await show(id)
            if condition(document) { return document }
            await Task.yield()
        }
    }

    /// Returns once nothing of the order service waits any more.
    func drained() async throws {
        while true {
            let status: QueueStatus = try await order.get("/queue").decode()
            #expect(status.dead == 0)
            if status.ready + status.leased + status.delayed == 0 { return }
            await Task.yield()
        }
    }
}

func request(
    _ items: [(String, Int)] = [("APPLE", 2)], customer: String = "H1", coupon: String? = nil,
    ifCouponUnavailable: IfCouponUnavailable? = nil, maxTotal: Int? = nil, token: String = "tok_ok"
) -> OrderRequest {
    OrderRequest(
        customerId: customer, items: items.map { ItemQuantity(sku: $0.0, quantity: $0.1) },
        couponCode: coupon,
        ifCouponUnavailable: ifCouponUnavailable, maxTotal: maxTotal, payment: PaymentMeans(token: token))
}

/// Long timeouts: a busy machine must not change decisions.
private let generousTimeouts: [String: String] = {
    var settings = ["ORDER_BUDGET": "60s", "CATALOGUE_TIMEOUT": "60s"]
    for dependency in ["INVENTORY", "COUPON", "PAYMENT", "NOTIFICATION"] {
        settings["\(dependency)_TIMEOUT"] = "50s"
        settings["\(dependency)_ATTEMPT_TIMEOUT"] = "50s"
        settings["\(dependency)_QUEUE_TIMEOUT"] = "3s"
        settings["\(dependency)_BREAKER_SLOW_CALL"] = "60s"
    }
    return settings
}()

/// A stack has some 200 files and sockets open, and a process 20,000 at most.
private let stacks = Slots(24)

/// Runs `body` with all services up; `settings` are those of the order service, such as another URL of a
/// dependency.
///
/// - Parameters:
///   - proxies: by the URL setting of the dependency that is called through it.
///   - folder: that of the order service; the others start empty each time.
///   - inventoryWall: the wall clock of inventory.
func withStack(
    settings: [String: String] = [:], through proxies: [String: FaultyProxy] = [:],
    folder: TemporaryFolder? = nil,
    coupons: String = Stack.coupons, inventoryWall: @escaping @Sendable () -> Timestamp = { Timestamp.now() },
    _ body: @Sendable (Stack) async throws -> Void
) async throws {
    try await stacks.run {
        let seeds = try TemporaryFolder()
        try seeds.write(Stack.products, to: "products.csv")
        try seeds.write(coupons, to: "coupons.csv")
        let seed = ["SEED_DIR": seeds.path]
        try await withService(InventoryApplication.self, settings: seed, wall: inventoryWall) { inventory in
            try await withService(CouponApplication.self, settings: seed) { coupon in
                try await withService(PaymentApplication.self) { payment in
                    try await withService(NotificationApplication.self) { notification in
                        var all = [
                            "INVENTORY_URL": inventory.url, "COUPON_URL": coupon.url,
                            "PAYMENT_URL": payment.url,
                            "NOTIFICATION_URL": notification.url,
                        ]
                        for (key, proxy) in proxies {
                            if let url = all[key] { proxy.connect(to: url) }
                            all[key] = proxy.url
                        }
                        all.merge(generousTimeouts) { $1 }
                        all.merge(settings) { $1 }
                        try await withService(OrderApplication.self, settings: all, folder: folder) { order in
                            try await body(
                                Stack(
                                    order: order, payment: payment, coupon: coupon, inventory: inventory,
                                    notification: notification))
                        }
                    }
                }
            }
        }
        withExtendedLifetime(seeds) {}
    }
}
