import Contracts
import Foundation
import Resilience
import ServingPath
import Transport

/// Inventory is critical: without a reservation there is no sale. Its calls throw.
struct InventoryClient: Sendable {
    /// A reservation is one transaction over there (3 to 10 ms); half a second covers a busy disk and leaves
    /// payment the other half. Half of the calls of 3 s have failed within 2 s of the last good answer.
    static let protection = Protection(
        timeout: .milliseconds(500), attemptTimeout: .milliseconds(400), queueTimeout: .seconds(2),
        retry: Retry.Configuration(
            attempts: 2, backoff: Backoff(base: .milliseconds(10), cap: .milliseconds(50))),
        // 1,000 orders/s at 10 ms are ten calls under way; a stall of a tenth of a second, a hundred.
        // Customers' calls wait as long as payment's half is left. Quotes and the queue have two thirds.
        bulkhead: Bulkhead.Configuration(
            limit: 96, waiting: 1024, longestWait: .milliseconds(300), reserved: 32,
            reservedFrom: Criticality.critical.priority),
        breaker: CircuitBreaker.Configuration(
            window: .time(.seconds(3)), minimumCalls: 10, failureRate: 0.5, slowCall: .milliseconds(300),
            slowCallRate: 0.6, openDuration: .seconds(1), longestOpenDuration: .seconds(5), probes: 2,
            probeTimeout: .seconds(3)))

    private let client: ServiceClient
    /// Reserves, or renews what is reserved for the order already. After a timeout the outcome is unknown.
    let reserve: CriticalOperation<Order, Reservation, ProblemDocument>
    let commit: CriticalOperation<String, Void, ProblemDocument>
    let release: CriticalOperation<String, Void, ProblemDocument>
    /// Takes goods out of an order's reservation, whether they were handed out or not; once an id.
    let takeBack: CriticalOperation<(orderId: String, goods: ReturnRequest), Void, ProblemDocument>
    let product: CriticalOperation<String, Product, ProblemDocument>
    /// A page of the whole catalogue past a cursor, for when inventory can't be asked.
    let catalogue: CriticalOperation<String?, Page<Product>, ProblemDocument>

    init(_ client: ServiceClient, on path: CriticalPath, protection: Protection) throws {
        self.client = client
        let step = try path.critical(
            Declaration(
                name: "inventory", criticality: .criticalPlus,
                fallback: """
                    the last known prices, and the last known stock less what was promised since and \
                    a margin
                    """,
                effect: "Orders are accepted at the last known prices, and reserved and charged later.",
                effectTranslations: [
                    "ko": "주문은 마지막으로 확인한 가격으로 접수되고, 재고 확보와 결제는 나중에 진행됩니다."
                ],
                protection: protection), isReady: client.isReady)
        reserve = try CriticalOperation(
            step, "reserve", route: "POST /reservations", isIdempotent: true, live: client.reserve)
        commit = try CriticalOperation(
            step, "commit", route: "POST /reservations/{orderId}/commit", isIdempotent: true,
            live: client.commit)
        release = try CriticalOperation(
            step, "release", route: "POST /reservations/{orderId}/release", isIdempotent: true,
            live: client.release)
        takeBack = try CriticalOperation(
            step, "return", route: "POST /reservations/{orderId}/returns", isIdempotent: true,
            live: client.takeBack)
        // A quote of a hundred lines is a hundred calls: a crowd of quotes waits here, out of orders' way.
        product = try CriticalOperation(
            step, "product", route: "GET /products/{sku}", isIdempotent: true, concurrency: 16,
            live: client.product)
        catalogue = try CriticalOperation(
            step, "catalogue", route: "GET /products", isIdempotent: true, live: client.products)
    }

    /// Whether it takes requests; asked past all policies.
    func isReady(by deadline: Deadline) async -> Bool { await client.isReady(by: deadline) }
}

/// The contract of each call.
extension ServiceClient {
    /// What counts of a reservation that was changed; its lines are known here.
    private struct Changed: Decodable {
        var orderId: String
        var status: ReservationStatus
    }

    fileprivate func reserve(
        _ order: Order, _ context: CallContext
    ) async throws(CallError) -> Reservation {
        let request = ReservationRequest(orderId: order.id, items: order.request.items)
        return try await call(
            "POST", "/reservations", body: request, expecting: [201],
            refusals: ["out-of-stock", "unknown-sku", "voided"], in: context
        ) { (reservation: Reservation) in reservation.fits(order) }
    }

    fileprivate func commit(_ orderId: String, _ context: CallContext) async throws(CallError) {
        _ = try await call(
            "POST", "/reservations/\(orderId)/commit", expecting: [200],
            refusals: ["out-of-stock", "voided"],
            in: context
        ) { (ended: Changed) in ended.orderId == orderId && ended.status == .committed }
    }

    fileprivate func release(_ orderId: String, _ context: CallContext) async throws(CallError) {
        _ = try await call("POST", "/reservations/\(orderId)/release", expecting: [200], in: context) {
            (ended: Changed) in ended.orderId == orderId && ended.status == .released
        }
    }

    fileprivate func takeBack(
        _ request: (orderId: String, goods: ReturnRequest), _ context: CallContext
    ) async throws(CallError) {
        _ = try await call(
            "POST", "/reservations/\(request.orderId)/returns", body: request.goods, expecting: [200],
            in: context
        ) { (left: Changed) in left.orderId == request.orderId && left.status != .released }
    }

    fileprivate func product(_ sku: String, _ context: CallContext) async throws(CallError) -> Product {
        let path = "/products/\(sku.percentEncoded)"
        return try await call("GET", path, expecting: [200], refusals: ["not-found"], in: context) {
            (product: Product) in product.sku == sku && product.isSound
        }
    }

    fileprivate func products(
        after cursor: String?, _ context: CallContext
    ) async throws(CallError) -> Page<Product> {
        let path = "/products?limit=500" + (cursor.map { "&cursor=\($0.percentEncoded)" } ?? "")
        var page: Page<Product> = try await call("GET", path, expecting: [200], in: context)
        // One product that can't be right must not keep the others from being known.
        page.items.removeAll { !$0.isSound }
        return page
    }
}

/// What lies outside would overflow a sum, or is a mistake.
private let soundPrices = 0...1_000_000_000

extension Product {
    fileprivate var isSound: Bool { soundPrices.contains(unitPrice) && available >= 0 }
}

extension Reservation {
    /// Other items, or a price that no product has, would charge the customer for something else.
    fileprivate func fits(_ order: Order) -> Bool {
        let wanted = order.request.items.merged
        let held = items.map { ItemQuantity(sku: $0.sku, quantity: $0.quantity) }
        return orderId == order.id && Set(wanted) == Set(held) && held.count == wanted.count
            && items.allSatisfy { soundPrices.contains($0.unitPrice) }
            && (status == .reserved || status == .committed)
    }
}
