import Contracts
import Foundation
import Resilience
import Transport

/// Customers beside those whose orders are judged: they make order call what a purchase that goes well
/// doesn't. Some cancel an order that isn't paid yet, which voids and releases; some can't use their coupon
/// at once, and get its worth back later; some read product pages.
final class SideTraffic: Sendable {
    /// What the orders of refunds say they are. A fault of this criticality spares the other customers'
    /// orders.
    static let criticality = "critical"
    /// Cancellations a second, and as many orders for refunds.
    private static let rate = 2.0
    /// Captures at once and answers after 3 s, so that its order is accepted and may still be cancelled.
    private static let slowPayment = "tok_slow"

    struct Baskets {
        var all: [Basket]
        /// With coupons of which no part is given while coupon can't be asked.
        var refundable: [Basket] = []

        /// - Parameters:
        ///   - all: of the journey.
        ///   - coupons: as coupon lists them.
        init(_ all: [Basket], coupons: [Coupon]) {
            self.all = all.withMoreCoupons
            let codes = Set(coupons.filter { !$0.offline }.map(\.code))
            refundable = all.filter { $0.couponCode.map(codes.contains) ?? false }
        }
    }

    private let client: HTTPClient
    private let orderURL: String
    private let inventoryURL: String
    private let baskets: Baskets
    private let fault: PartialFault
    private let run = "side-" + randomHex(UInt32.self)
    private let isStopped = Locked(false)

    init(_ fault: PartialFault, client: HTTPClient, orderURL: String, inventoryURL: String, baskets: Baskets)
    {
        self.fault = fault
        self.client = client
        self.orderURL = orderURL
        self.inventoryURL = inventoryURL
        self.baskets = baskets
    }

    func stop() { isStopped.withLock { $0 = true } }

    /// Until it is stopped; ends after the last answer.
    func send() async throws {
        let rate = fault.hasSideTraffic ? Self.rate : 0
        async let cancellations: Void = repeating(rate) { await self.cancel($0) }
        async let refunds: Void = repeating(fault.needsRefunds ? rate : 0) { await self.buyWithoutCoupon($0) }
        async let pages: Void = repeating(fault.pages) { await self.readPage($0) }
        _ = try await (cancellations, refunds, pages)
    }

    /// At a fixed rate, whether or not answers come.
    private func repeating(_ rate: Double, _ act: @escaping @Sendable (Int) async -> Void) async throws {
        guard rate > 0 else { return }
        let begin = ContinuousClock.now
        var count = 0
        try await withThrowingDiscardingTaskGroup { group in
            while !isStopped.withLock(\.self) {
                count += 1
                try await Task.sleep(until: begin + .seconds(Double(count) / rate), clock: .continuous)
                let number = count
                group.addTask { await act(number) }
            }
        }
    }

    private func cancel(_ number: Int) async {
        let basket = baskets.all[number % baskets.all.count]
        guard let order = await place(basket, "cancel-\(number)", token: Self.slowPayment),
            order.status == .accepted
        else {
            return
        }
        _ = try? await client.send(request("POST", "\(orderURL)/orders/\(order.id)/cancel"))
    }

    private func buyWithoutCoupon(_ number: Int) async {
        guard !baskets.refundable.isEmpty else { return }
        let basket = baskets.refundable[number % baskets.refundable.count]
        _ = await place(
            basket, "refund-\(number)", token: "tok_ok", [(name: "csp-criticality", value: Self.criticality)])
    }

    private func readPage(_ number: Int) async {
        let sku = baskets.all[number % baskets.all.count].items.first?.sku ?? ""
        _ = try? await client.send(request("GET", "\(inventoryURL)/products/\(sku)"))
    }

    private func place(
        _ basket: Basket, _ name: String, token: String, _ headers: [(name: String, value: String)] = []
    ) async -> OrderDocument? {
        let wanted = OrderRequest(
            customerId: "\(run)-\(name)", items: basket.items, couponCode: basket.couponCode,
            payment: PaymentMeans(token: token))
        var request = request("POST", "\(orderURL)/orders")
        request.headers =
            headers + [
                (name: "Content-Type", value: "application/json"),
                (name: "Idempotency-Key", value: "\(run)-\(name)"),
            ]
        request.body = (try? JSON.encode(wanted)).map(Array.init) ?? []
        return (try? await client.send(request)).flatMap { OrderAnswer($0).order }
    }

    private func request(_ method: String, _ url: String) -> HTTPClient.Request {
        HTTPClient.Request(
            method: method, url: url, connectTimeout: .seconds(1), timeout: Purchase.attemptTimeout)
    }
}

extension [Basket] {
    /// Of any two in a row that begin at an even place, one has a coupon and one needn't; in turns which.
    var withMoreCoupons: [Basket] {
        let coupons = filter { $0.couponCode != nil }
        guard !coupons.isEmpty else { return self }
        return enumerated().flatMap { index, basket in
            let coupon = coupons[index % coupons.count]
            return index.isMultiple(of: 2) ? [basket, coupon] : [coupon, basket]
        }
    }
}
