import Contracts
import Mutants
import Resilience
import ServingPath

/// What an order would cost now, and what it would be refused for: nothing is reserved and nothing promised.
struct QuoteOrder: Sendable {
    /// Product look-ups in flight for one quote: a long basket must not crowd out what customers order.
    static let concurrency = 8

    let store: OrderStore
    let inventory: InventoryClient
    let coupon: CouponClient
    let catalogue: CatalogueCache
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ request: OrderRequest, for caller: Caller) async throws -> QuoteDocument {
        let items = request.items.merged
        let (products, priceDegradation) = try await products(items, for: caller)
        let lines = items.priced(by: products)
        let deduction = try await deduction(request, lines.compactMap(\.priced), for: caller)
        let total = lines.subtotal - deduction.amount
        var problems: [OrderError] = []
        let short = items.short(of: products)
        if !short.isEmpty { problems.append(.tooFewToQuote(short)) }
        if let problem = deduction.problem { problems.append(problem) }
        if let limit = request.maxTotal, limit < total {
            let isSkipped = deduction.degradation?.effect == .couponSkipped
            problems.append(.totalExceeded(total, limit: limit, isCouponSkipped: isSkipped))
        }
        return QuoteDocument(
            customerId: request.customerId, items: lines, currency: products.values.first?.currency ?? "USD",
            subtotal: lines.subtotal, discount: deduction.amount, total: total,
            couponCode: request.couponCode,
            degradations: [priceDegradation, deduction.degradation].compactMap { $0 },
            problems: Mutant.isOn(.quotesWithoutProblems)
                ? [] : problems.map { QuoteProblem($0.document) })
    }

    // MARK: Prices

    /// By SKU, with what the quote has to say where one of them isn't live.
    private func products(
        _ items: [ItemQuantity], for caller: Caller
    ) async throws -> ([String: Product], Degradation?) {
        var products: [String: Product] = [:]
        var oldest: (age: Duration, reason: Unavailability)?
        for found in try await find(items, for: caller) {
            guard let product = found.value ?? nil else { continue }
            products[product.sku] = product
            if case .cached(_, let age, let reason) = found, age >= oldest?.age ?? .zero {
                oldest = (age, reason)
            }
        }
        let unknown = items.filter { products[$0.sku] == nil }
        guard unknown.isEmpty else { throw OrderError.unknownSKUs(unknown.short(of: products)) }
        let degradation = oldest.map {
            Degradation.priceCached(ageSeconds: Int($0.age.components.seconds), reason: $0.reason.code)
        }
        return (products, degradation)
    }

    private func find(_ items: [ItemQuantity], for caller: Caller) async throws -> [Served<Product?>] {
        try await withThrowingTaskGroup(of: Served<Product?>.self) { group in
            var found: [Served<Product?>] = []
            for (index, item) in items.enumerated() {
                if index >= Self.concurrency, let next = try await group.next() { found.append(next) }
                group.addTask { try await product(item.sku, for: caller) }
            }
            for try await next in group { found.append(next) }
            return found
        }
    }

    /// A product as inventory tells it now, or as it was last known; nil: inventory knows none.
    private func product(_ sku: String, for caller: Caller) async throws -> Served<Product?> {
        do {
            return .live(try await inventory.product.call(sku, for: caller))
        } catch {
            guard case .unavailable(let reason) = error else { return .live(nil) }
            guard let known = catalogue.product(sku) else { throw OrderError.priceUnavailable }
            return .cached(known.value, age: known.age, reason: reason)
        }
    }

    // MARK: Coupon

    /// What the coupon takes off, and what there is to say of it.
    private struct Deduction {
        var amount = 0
        var degradation: Degradation?
        var problem: OrderError?
    }

    private func deduction(
        _ request: OrderRequest, _ lines: [PricedItem], for caller: Caller
    ) async throws -> Deduction {
        guard let code = request.couponCode else { return Deduction() }
        switch await coupon.rule(code, for: caller) {
        case .live(.unknown):
            throw OrderError.couponRefused(reason: "unknown coupon")
        case .live(.known(let coupon)):
            let rule = CouponRule(coupon)
            if rule.isExpired(at: wall()) { throw OrderError.couponRefused(reason: "expired") }
            guard let discount = rule.discount(on: lines) else {
                throw OrderError.couponRefused(reason: "no eligible item")
            }
            let isLeft = try await hasUseLeft(coupon, request.customerId)
            return isLeft
                ? Deduction(amount: discount) : Deduction(problem: .couponRefused(reason: "used up"))
        case .cached(.known(let coupon), let age, let reason):
            guard let discount = CouponRule(coupon).offlineDiscount(on: lines, at: wall()),
                try await hasUseLeft(coupon, request.customerId)
            else { return try skipped(request, reason) }
            let seconds = Int(age.components.seconds)
            return Deduction(
                amount: discount,
                degradation: .couponEstimated(ageSeconds: seconds, reason: reason.code, repair: .none))
        case .cached(.unknown, _, let reason), .computed(_, let reason), .absent(let reason):
            return try skipped(request, reason)
        }
    }

    private func skipped(_ request: OrderRequest, _ reason: Unavailability) throws -> Deduction {
        if request.ifCouponUnavailable == .reject { throw OrderError.couponUnavailable }
        return Deduction(degradation: .couponSkipped(reason: reason.code, repair: .none))
    }

    /// By this service's own records: it places all orders.
    private func hasUseLeft(_ coupon: Coupon, _ customerId: String) async throws -> Bool {
        let claimed = CustomerCoupon(code: coupon.code, customerId: customerId)
        let claims = try await store.couponClaims(claimed)
        return claims.count(where: \.counts) < coupon.limitPerCustomer || Mutant.isOn(.quotesUsedUpCoupons)
    }
}

extension [ItemQuantity] {
    /// Those of which there isn't enough.
    fileprivate func short(of products: [String: Product]) -> [ShortSKU] {
        map { ShortSKU(sku: $0.sku, requested: $0.quantity, available: products[$0.sku]?.available ?? 0) }
            .filter { $0.available < $0.requested }
    }
}
