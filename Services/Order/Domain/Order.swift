import Contracts
import Foundation

/// An order: the document that customers see, and the progress that only this service needs.
struct Order: Sendable {
    /// What was decided about the coupon: on disk before the charge; a resumed order charges the same.
    enum CouponDecision: String, Codable, Sendable {
        case undecided, redeemed, estimated, skipped
    }

    /// The part of an order that is not in its document.
    struct Progress: Codable, Sendable {
        var couponDecision: CouponDecision = .undecided
        var paymentId: String?
        /// What the coupon turned out to be worth more than was given for it; owed until it is refunded.
        var couponRefund: Int?
        /// What the customer was told of a rejected or cancelled order.
        var refusal: ProblemDocument?
        var timeline: [TimelineEntry] = []
    }

    let request: OrderRequest
    var document: OrderDocument
    var progress = Progress()
    /// Its degradations as they are on disk.
    var savedDegradations: [Degradation] = []
    /// Counts the saved changes; a change is saved only over the version it began from.
    var version = 0

    var id: String { document.id }
    var status: OrderStatus { document.status }
    /// The customer was told these prices, or is about to be: they are honoured from here on.
    var isPriced: Bool { document.subtotal != nil }
    /// The coupon was skipped or estimated: it is to be redeemed, and what it is worth more to be refunded.
    var owesCouponRepair: Bool { document.degradations.contains { $0.dependency == "coupon" && $0.isOwed } }
    /// Inventory could not be asked.
    var isPricedFromCache: Bool { document.degradations.contains { $0.effect == .priceCached } }
    /// Stock is promised to it, and whether it is reserved is unknown.
    var hasUnverifiedStock: Bool { owes(.stockUnverified) }
    /// Nil for lines whose price is not known yet.
    var pricedItems: [PricedItem] { document.items.compactMap(\.priced) }

    init(id: String, request: OrderRequest, at now: Timestamp) {
        self.request = request
        document = OrderDocument(
            id: id, status: .placing, customerId: request.customerId,
            items: request.items.merged.map {
                OrderLine(sku: $0.sku, name: nil, quantity: $0.quantity, unitPrice: nil)
            },
            currency: "USD", subtotal: nil, discount: 0, total: nil, refunded: 0,
            couponCode: request.couponCode, pending: [], degradations: [], createdAt: now, updatedAt: now)
        note(.place, .done, at: now)
    }

    /// Whether the repair of such a degradation was promised and has not ended.
    func owes(_ effect: Degradation.Effect) -> Bool {
        document.degradations.contains { $0.effect == effect && $0.isOwed }
    }

    /// Takes the reservation's prices, unless it has prices already.
    mutating func price(_ reservation: Reservation) {
        guard !isPriced else { return }
        let lines = reservation.items.map {
            OrderLine(sku: $0.sku, name: $0.name, quantity: $0.quantity, unitPrice: $0.unitPrice)
        }
        price(lines, in: reservation.currency)
    }

    /// Takes prices from the fallback cache, and owes the customer the stock.
    mutating func price(_ cached: CachedProducts, reason: String) {
        price(request.items.merged.priced(by: cached.products), in: cached.currency ?? document.currency)
        document.degradations += [
            .priceCached(ageSeconds: cached.ageSeconds, reason: reason),
            Degradation(
                dependency: "inventory", effect: .stockUnverified, source: .cache,
                ageSeconds: cached.ageSeconds, reason: reason, repair: .finishLater),
        ]
    }

    private mutating func price(_ lines: [OrderLine], in currency: String) {
        document.items = lines
        document.currency = currency
        document.subtotal = lines.subtotal
        setTotal()
    }

    mutating func redeemed(discount: Int) {
        document.discount = discount
        progress.couponDecision = .redeemed
        setTotal()
    }

    mutating func estimateCoupon(discount: Int, ageSeconds: Int, reason: String) {
        document.discount = discount
        progress.couponDecision = .estimated
        setTotal()
        document.degradations.append(
            .couponEstimated(ageSeconds: ageSeconds, reason: reason, repair: .recordLater))
    }

    mutating func skipCoupon(reason: String, repair: Degradation.Repair) {
        progress.couponDecision = .skipped
        setTotal()
        document.degradations.append(.couponSkipped(reason: reason, repair: repair))
    }

    /// Not known before the coupon is decided: a customer who is told a total can rely on it.
    private mutating func setTotal() {
        let isDecided = request.couponCode == nil || progress.couponDecision != .undecided
        document.total = isDecided ? document.subtotal.map { $0 - document.discount } : nil
    }
}

extension OrderLine {
    /// Nil until its price is known.
    var priced: PricedItem? { unitPrice.map { PricedItem(sku: sku, quantity: quantity, unitPrice: $0) } }
}

extension [OrderLine] {
    var subtotal: Int { reduce(0) { $0 + $1.quantity * ($1.unitPrice ?? 0) } }
}

extension [ItemQuantity] {
    /// Lines at the prices of `products`; without those that aren't among them.
    func priced(by products: [String: Product]) -> [OrderLine] {
        compactMap { item in
            products[item.sku].map {
                OrderLine(sku: item.sku, name: $0.name, quantity: item.quantity, unitPrice: $0.unitPrice)
            }
        }
    }
}
