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

    /// A product of the quote: as inventory tells it now, or as it was last known.
    private enum Found: Sendable {
        case live(Product)
        case cached(Product, age: Duration, reason: Unavailability)
        case unknown(sku: String)
    }

    func callAsFunction(_ request: OrderRequest, for caller: Caller) async throws -> QuoteDocument {
        let items = request.items.merged
        let (products, priceDegradation) = try sort(try await find(items, for: caller), items)
        let lines = items.compactMap { item in
            products[item.sku].map {
                OrderLine(sku: item.sku, name: $0.name, quantity: item.quantity, unitPrice: $0.unitPrice)
            }
        }
        let subtotal = lines.reduce(0) { $0 + $1.quantity * ($1.unitPrice ?? 0) }
        let deduction = try await deduction(request, lines.compactMap(\.priced), for: caller)
        let total = subtotal - deduction.amount
        let isSkipped = deduction.degradation?.effect == .couponSkipped
        let problems = [
            ProblemDocument.shortStock(items, products.mapValues(\.available)), deduction.problem?.document,
            request.maxTotal.flatMap {
                $0 < total
                    ? OrderError.totalExceeded(total, limit: $0, isCouponSkipped: isSkipped).document : nil
            },
        ]
        return QuoteDocument(
            customerId: request.customerId, items: lines, currency: products.values.first?.currency ?? "USD",
            subtotal: subtotal, discount: deduction.amount, total: total, couponCode: request.couponCode,
            degradations: [priceDegradation, deduction.degradation].compactMap { $0 },
            problems: Mutant.isOn(.quotesWithoutProblems)
                ? [] : problems.compactMap { $0.map(QuoteProblem.init) })
    }

    private func find(_ items: [ItemQuantity], for caller: Caller) async throws -> [Found] {
        try await withThrowingTaskGroup(of: Found.self) { group in
            var found: [Found] = []
            for (index, item) in items.enumerated() {
                if index >= Self.concurrency, let next = try await group.next() { found.append(next) }
                group.addTask { try await product(item.sku, for: caller) }
            }
            for try await next in group { found.append(next) }
            return found
        }
    }

    private func product(_ sku: String, for caller: Caller) async throws -> Found {
        do {
            return .live(try await inventory.product(sku, for: caller))
        } catch {
            guard case .unavailable(let reason) = error else { return .unknown(sku: sku) }
            guard let known = catalogue.product(sku) else { throw OrderError.priceUnavailable }
            return .cached(known.value, age: known.age, reason: reason)
        }
    }

    /// By SKU; with what the quote has to say where one of them isn't live.
    /// - Throws: 422 `unknown-sku`.
    private func sort(_ found: [Found], _ items: [ItemQuantity]) throws -> ([String: Product], Degradation?) {
        var (products, unknown, oldest):
            ([String: Product], Set<String>, (age: Duration, reason: Unavailability)?) = (
                [:], [], nil
            )
        for found in found {
            switch found {
            case .unknown(let sku): unknown.insert(sku)
            case .live(let product): products[product.sku] = product
            case .cached(let product, let age, let reason):
                products[product.sku] = product
                if age >= oldest?.age ?? .zero { oldest = (age, reason) }
            }
        }
        guard unknown.isEmpty else { throw OrderError.unknownSKUs(items.filter { unknown.contains($0.sku) }) }
        let degradation = oldest.map {
            Degradation(
                dependency: "inventory", effect: .priceCached, source: .cache,
                ageSeconds: Int($0.age.components.seconds),
                reason: $0.reason.code, repair: .none)
        }
        return (products, degradation)
    }

    /// What the coupon takes off, and what there is to say of it.
    private struct Deduction {
        var amount = 0
        var degradation: Degradation?
        var problem: OrderError?
    }

    private func deduction(_ request: OrderRequest, _ lines: [PricedItem], for caller: Caller) async throws
        -> Deduction
    {
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
            let estimated = Degradation(
                dependency: "coupon", effect: .couponEstimated, source: .cache,
                ageSeconds: Int(age.components.seconds),
                reason: reason.code, repair: .none)
            return Deduction(amount: discount, degradation: estimated)
        case .cached(.unknown, _, let reason), .computed(_, let reason), .absent(let reason):
            return try skipped(request, reason)
        }
    }

    private func skipped(_ request: OrderRequest, _ reason: Unavailability) throws -> Deduction {
        if request.ifCouponUnavailable == .reject { throw OrderError.couponUnavailable }
        return Deduction(
            degradation: Degradation(
                dependency: "coupon", effect: .couponSkipped, source: .none, reason: reason.code,
                repair: .none))
    }

    /// By this service's own records: it places all orders.
    private func hasUseLeft(_ coupon: Coupon, _ customerId: String) async throws -> Bool {
        try await store.couponClaims(coupon.code, customerId: customerId).count(where: \.counts)
            < coupon.limitPerCustomer || Mutant.isOn(.quotesUsedUpCoupons)
    }
}

extension ProblemDocument {
    /// Nil where there is enough of everything.
    fileprivate static func shortStock(_ items: [ItemQuantity], _ available: [String: Int])
        -> ProblemDocument?
    {
        let short = items.map {
            ShortSKU(sku: $0.sku, requested: $0.quantity, available: available[$0.sku] ?? 0)
        }
        .filter { $0.available < $0.requested }
        guard !short.isEmpty else { return nil }
        return ProblemDocument(
            status: 409, code: "out-of-stock", title: "Out of stock",
            detail: "There isn't enough of \(short.map(\.sku).listed).", skus: short)
    }
}
