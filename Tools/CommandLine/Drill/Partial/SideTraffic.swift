import Contracts
import Foundation
import Resilience
import Transport

/// Customers beside the measured ones, who cause the calls that a successful purchase doesn't make. Some
/// cancel an unpaid order, which voids and releases; some get their coupon's discount refunded later; some
/// send an item back, which an operator refunds; some read product pages.
final class SideTraffic: Sendable {
    /// Criticality of the orders for refunds. A fault of this criticality spares the other customers' orders.
    static let criticality = "critical"
    /// Cancellations a second, as many orders for refunds, and as many returns.
    private static let rate = 2.0
    /// Payment captures at once and answers after 3 s, so that the order is accepted and can still be
    /// cancelled.
    private static let slowPayment = "tok_slow"

    struct Baskets {
        var all: [Basket]
        /// Baskets whose coupons give no discount offline.
        var refundable: [Basket] = []

        /// - Parameters:
        ///   - all: all baskets of the journey.
        ///   - coupons: the list of coupon.
        init(_ all: [Basket], coupons: [Coupon]) {
            self.all = all.withMoreCoupons
            let codes = Set(coupons.filter { !$0.offline }.map(\.code))
            refundable = all.filter { $0.couponCode.map(codes.contains) ?? false }
        }
    }

    private let client: HTTPClient
    private let orderURL: String
    private let inventoryURL: String
    /// The operator's, who refunds.
    private let adminToken: String
    private let baskets: Baskets
    private let fault: PartialFault
    private let run = "side-" + randomHex(UInt32.self)
    private let isStopped = Locked(false)

    init(
        _ fault: PartialFault, client: HTTPClient, orderURL: String, inventoryURL: String, adminToken: String,
        baskets: Baskets
    ) {
        self.fault = fault
        self.adminToken = adminToken
        self.client = client
        self.orderURL = orderURL
        self.inventoryURL = inventoryURL
        self.baskets = baskets
    }

    func stop() { isStopped.withLock { $0 = true } }

    /// Runs until it is stopped; returns after the last answer.
    func send() async throws {
        let rate = fault.hasSideTraffic ? Self.rate : 0
        async let cancellations: Void = repeating(rate) { await self.cancel($0) }
        async let refunds: Void = repeating(fault.needsRefunds ? rate : 0) { await self.buyWithoutCoupon($0) }
        async let returns: Void = repeating(rate) { await self.sendBack($0) }
        async let pages: Void = repeating(fault.pages) { await self.readPage($0) }
        _ = try await (cancellations, refunds, returns, pages)
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

    private func sendBack(_ number: Int) async {
        let basket = baskets.all[number % baskets.all.count]
        guard let order = await place(basket, "return-\(number)", token: "tok_ok"),
            order.status == .confirmed, let sku = order.items.first?.sku
        else {
            return
        }
        let refund = OrderRefundRequest(items: [ItemQuantity(sku: sku, quantity: 1)], reason: "sent back")
        var request = request("POST", "\(orderURL)/orders/\(order.id)/refunds")
        request.headers = [
            (name: "Authorization", value: "Bearer \(adminToken)"),
            (name: "Content-Type", value: "application/json"),
            (name: "Idempotency-Key", value: "\(run)-refund-\(number)"),
        ]
        request.body = (try? JSON.encode(refund)).map(Array.init) ?? []
        _ = try? await client.send(request)
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
    /// Reorders the baskets in pairs of one with a coupon and any other one, alternating which comes first.
    var withMoreCoupons: [Basket] {
        let coupons = filter { $0.couponCode != nil }
        guard !coupons.isEmpty else { return self }
        return enumerated().flatMap { index, basket in
            let coupon = coupons[index % coupons.count]
            return index.isMultiple(of: 2) ? [basket, coupon] : [coupon, basket]
        }
    }
}
