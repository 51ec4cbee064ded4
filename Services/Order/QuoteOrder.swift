import Contracts
import Resilience
import ServingPath
import Transport

/// What an order would cost now: nothing is reserved and nothing promised.
struct QuoteOrder: Sendable {
    /// Product look-ups in flight for one quote: a long basket must not crowd out what customers order.
    static let concurrency = 8

    let inventory: InventoryNeighbour
    let coupon: CouponNeighbour
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ request: OrderRequest, for caller: Caller) async throws -> QuoteDocument {
        let items = request.items.merged
        let products = try await products(items, for: caller)
        let lines = items.compactMap { item in
            products[item.sku].map {
                OrderLine(sku: item.sku, name: $0.name, quantity: item.quantity, unitPrice: $0.unitPrice)
            }
        }
        let subtotal = lines.reduce(0) { $0 + $1.quantity * ($1.unitPrice ?? 0) }
        let (discount, degradations) = try await discount(request, lines, for: caller)
        return QuoteDocument(
            customerId: request.customerId, items: lines, currency: products.values.first?.currency ?? "USD",
            subtotal: subtotal, discount: discount, total: subtotal - discount, couponCode: request.couponCode,
            degradations: degradations)
    }

    private func products(_ items: [ItemQuantity], for caller: Caller) async throws -> [String: Product] {
        let found = try await withThrowingTaskGroup(of: Product?.self) { group in
            var products: [String: Product] = [:]
            for (index, item) in items.enumerated() {
                if index >= Self.concurrency, let product = try await group.next() ?? nil { products[product.sku] = product }
                group.addTask { try await product(item.sku, for: caller) }
            }
            for try await product in group {
                if let product { products[product.sku] = product }
            }
            return products
        }
        let unknown = items.filter { found[$0.sku] == nil }
        guard unknown.isEmpty else {
            throw Problem(
                ProblemDocument(
                    status: 422, code: "unknown-sku", title: "A SKU is not in the catalogue",
                    detail: "Not in the catalogue: \(unknown.map(\.sku).joined(separator: ", ").prefix(500)).",
                    skus: unknown.map { ShortSKU(sku: $0.sku, requested: $0.quantity, available: 0) }))
        }
        return found
    }

    /// Nil for a SKU that isn't in the catalogue.
    private func product(_ sku: String, for caller: Caller) async throws -> Product? {
        do {
            return try await inventory.product(sku, for: caller)
        } catch {
            guard case .refused = error else { throw Problem.priceUnavailable }
            return nil
        }
    }

    private func discount(_ request: OrderRequest, _ lines: [OrderLine], for caller: Caller) async throws -> (
        Int, [Degradation]
    ) {
        guard let code = request.couponCode else { return (0, []) }
        switch await coupon.rule(code, for: caller) {
        case .live(.unknown):
            throw Problem(.couponRefused("unknown coupon"))
        case .live(.known(let rule)):
            if let end = rule.validUntil, end < wall() { throw Problem(.couponRefused("expired")) }
            let eligible = Set(rule.eligibleSkus)
            let covered = lines.filter { eligible.contains($0.sku) }.reduce(0) { $0 + $1.quantity * ($1.unitPrice ?? 0) }
            guard covered > 0 else { throw Problem(.couponRefused("no eligible item")) }
            return (min(rule.amountOff, covered), [])
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason):
            if request.ifCouponUnavailable == .reject { throw Problem.couponUnavailable }
            let skipped = Degradation(
                dependency: "coupon", effect: .couponSkipped, source: .none, reason: reason.code, repair: .none)
            return (0, [skipped])
        }
    }
}
