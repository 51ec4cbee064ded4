import Contracts
import Foundation
import Resilience
import ServingPath
import Transport

/// Inventory is critical: without a reservation there is no sale. Its calls throw.
struct InventoryClient: Sendable {
    /// A reservation is one transaction over there (3 to 10 ms); half a second of patience covers a busy disk
    /// and leaves payment the other half of the customer's second. A second try follows only a failure that
    /// comes early. Half of the calls of 3 s have failed less than 2 s after the last good answer.
    static let protection = Protection(
        timeout: .milliseconds(500), attemptTimeout: .milliseconds(400), queueTimeout: .seconds(2),
        retry: Retry.Configuration(
            attempts: 2, backoff: Backoff(base: .milliseconds(10), cap: .milliseconds(50))),
        // 1,000 orders/s at 10 ms are ten calls under way; a stall of a tenth of a second, a hundred.
        // Customers' calls wait for each other, as long as payment's half is left. Quotes and the queue have
        // bulkheads of their own, of two thirds.
        bulkhead: Bulkhead.Configuration(
            limit: 96, waiting: 1024, longestWait: .milliseconds(300), reserved: 32,
            reservedFrom: Criticality.critical.priority),
        breaker: CircuitBreaker.Configuration(
            window: .time(.seconds(3)), minimumCalls: 10, failureRate: 0.5, slowCall: .milliseconds(300),
            slowCallRate: 0.6,
            openDuration: .seconds(1), longestOpenTime: .seconds(5), probes: 2, probeTimeout: .seconds(3)))

    /// What counts of a reservation that was committed or released; its lines are known here and not read
    /// again.
    private struct Ended: Decodable {
        var orderId: String
        var status: ReservationStatus
    }

    private let client: ServiceClient
    private let reserving: CriticalOperation<Order, Reservation, ProblemDocument>
    private let committing: CriticalOperation<String, Void, ProblemDocument>
    private let releasing: CriticalOperation<String, Void, ProblemDocument>
    private let takingBack: CriticalOperation<(orderId: String, goods: ReturnRequest), Void, ProblemDocument>
    private let products: CriticalOperation<String, Product, ProblemDocument>
    private let catalogue: CriticalOperation<String?, Page<Product>, ProblemDocument>

    init(_ client: ServiceClient, on path: CriticalPath, protection: Protection) throws {
        self.client = client
        let step = try path.critical(
            Declaration(
                name: "inventory", criticality: .criticalPlus,
                fallback:
                    "the last known prices, and the last known stock less what was promised since and a margin",
                effect: "202 accepted, nothing charged; reserved and charged later, and the customer is told",
                protection: protection)
        ) { await client.isReady(by: $0) }
        reserving = try CriticalOperation(step, "reserve", route: "POST /reservations", isIdempotent: true) {
            order, context async throws(CallError) in
            let reservation: Reservation = try await client.call(
                "POST", "/reservations",
                body: ReservationRequest(orderId: order.id, items: order.request.items),
                expecting: [201], refusals: ["out-of-stock", "unknown-sku", "voided"], in: context)
            guard Self.fits(reservation, order) else { throw .unavailable(.invalidAnswer) }
            return reservation
        }
        committing = try CriticalOperation(
            step, "commit", route: "POST /reservations/{orderId}/commit", isIdempotent: true
        ) {
            orderId, context async throws(CallError) in
            let ended: Ended = try await client.call(
                "POST", "/reservations/\(orderId)/commit", expecting: [200],
                refusals: ["out-of-stock", "voided"], in: context)
            guard ended.orderId == orderId, ended.status == .committed else {
                throw .unavailable(.invalidAnswer)
            }
        }
        releasing = try CriticalOperation(
            step, "release", route: "POST /reservations/{orderId}/release", isIdempotent: true
        ) {
            orderId, context async throws(CallError) in
            let ended: Ended = try await client.call(
                "POST", "/reservations/\(orderId)/release", expecting: [200], in: context)
            guard ended.orderId == orderId, ended.status == .released else {
                throw .unavailable(.invalidAnswer)
            }
        }
        takingBack = try CriticalOperation(
            step, "return", route: "POST /reservations/{orderId}/returns", isIdempotent: true
        ) {
            request, context async throws(CallError) in
            let left: Ended = try await client.call(
                "POST", "/reservations/\(request.orderId)/returns", body: request.goods, expecting: [200],
                in: context)
            guard left.orderId == request.orderId, left.status != .released else {
                throw .unavailable(.invalidAnswer)
            }
        }
        // A quote of a hundred lines is a hundred calls, so a crowd of quotes waits here rather than in the
        // way of orders.
        products = try CriticalOperation(
            step, "product", route: "GET /products/{sku}", isIdempotent: true, concurrency: 16
        ) {
            sku, context async throws(CallError) in
            let path = sku.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? sku
            let product: Product = try await client.call(
                "GET", "/products/\(path)", expecting: [200], refusals: ["not-found"], in: context)
            guard product.sku == sku, Self.isSound(product) else { throw .unavailable(.invalidAnswer) }
            return product
        }
        catalogue = try CriticalOperation(step, "catalogue", route: "GET /products", isIdempotent: true) {
            cursor, context async throws(CallError) in
            let cursor = cursor.flatMap { $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) }
            var page: Page<Product> = try await client.call(
                "GET", "/products?limit=500" + (cursor.map { "&cursor=\($0)" } ?? ""), expecting: [200],
                in: context)
            // One product that can't be right must not keep the others from being known.
            page.items.removeAll { !Self.isSound($0) }
            return page
        }
    }

    /// Reserves, or renews what is reserved already for this order. What becomes of it after a timeout is
    /// unknown.
    func reserve(_ order: Order, for caller: Caller) async throws(CallError) -> Reservation {
        try await reserving.call(order, for: caller)
    }

    func commit(orderId: String, for caller: Caller) async throws(CallError) {
        try await committing.call(orderId, for: caller)
    }

    func release(orderId: String, for caller: Caller) async throws(CallError) {
        try await releasing.call(orderId, for: caller)
    }

    /// Takes goods out of the order's reservation, whether they were handed out or not; once an `id`.
    func takeBack(_ items: [ItemQuantity], orderId: String, return id: String, for caller: Caller)
        async throws(CallError)
    {
        try await takingBack.call((orderId, ReturnRequest(id: id, items: items)), for: caller)
    }

    func product(_ sku: String, for caller: Caller) async throws(CallError) -> Product {
        try await products.call(sku, for: caller)
    }

    /// A page of the whole catalogue, for when inventory can't be had.
    func products(after cursor: String?) async throws(CallError) -> Page<Product> {
        try await catalogue.call(cursor, for: .queue)
    }

    /// Whether it takes requests; asked past all policies.
    func isReady(by deadline: Deadline) async -> Bool { await client.isReady(by: deadline) }

    /// Of any product. What lies outside would overflow a sum, or be honoured although nobody meant it.
    private static let prices = 0...1_000_000_000

    private static func isSound(_ product: Product) -> Bool {
        prices.contains(product.unitPrice) && product.available >= 0
    }

    /// An answer for other items, or with a price that no product has, would charge the customer for
    /// something else.
    private static func fits(_ reservation: Reservation, _ order: Order) -> Bool {
        let wanted = order.request.items.merged
        let held = reservation.items.map { ItemQuantity(sku: $0.sku, quantity: $0.quantity) }
        return reservation.orderId == order.id && Set(wanted) == Set(held) && held.count == wanted.count
            && reservation.items.allSatisfy { prices.contains($0.unitPrice) }
            && (reservation.status == .reserved || reservation.status == .committed)
    }
}
