import Contracts
import GRDB
import Storage
import Transport

/// Redeems a coupon for an order: once an order id, and within the customer's limit, whatever is repeated or runs beside it.
struct Redeem: Sendable {
    let store: Store
    let book: CouponBook
    let wall: @Sendable () -> Timestamp

    /// - Throws: ``Problem``; a refusal leaves nothing behind.
    func callAsFunction(_ request: RedemptionRequest) async throws -> Redemption {
        let items = Self.merged(request.items)
        let rule = book.rule(request.code)
        let now = wall()
        let epoch = store.mark.epoch
        return try await store.write("redemption") { database in
            if let earlier = try CouponStore.redemption(database, orderId: request.orderId) {
                return try Self.again(earlier, request, items)
            }
            guard try !CouponStore.isPending(database, epoch: epoch) else { throw Problem.reconciling }
            do {
                guard let rule else { throw CouponRefusal.unknown }
                let redemption = Redemption(
                    orderId: request.orderId, customerId: request.customerId, code: rule.coupon.code,
                    discount: try rule.discount(for: items, at: request.at), status: .active, at: now)
                // Counted in the transaction that adds: two at once can't both take the last use.
                let uses = try CouponStore.activeUses(database, code: rule.coupon.code, customerId: request.customerId)
                guard uses < rule.coupon.limitPerCustomer else { throw CouponRefusal.usedUp }
                try CouponStore.insert(database, redemption, items: items)
                return redemption
            } catch let refusal as CouponRefusal {
                throw Problem.couponRefused(refusal, code: request.code)
            }
        }
    }

    /// The answer to an order id that was seen before. `at` isn't held against it: the moment that came first counts.
    private static func again(
        _ earlier: CouponStore.Stored, _ request: RedemptionRequest, _ items: [PricedItem]
    ) throws -> Redemption {
        guard earlier.redemption.status == .active else { throw Problem.voided(orderId: request.orderId) }
        guard earlier.redemption.code == request.code, earlier.redemption.customerId == request.customerId,
            earlier.items == items
        else {
            throw Problem.contentsDiffer("Order \(request.orderId) has redeemed a coupon for another basket, customer or code.")
        }
        return earlier.redemption
    }

    /// One line a SKU and price, in an order that doesn't depend on the basket's.
    static func merged(_ items: [PricedItem]) -> [PricedItem] {
        struct Line: Hashable { var sku: String, unitPrice: Int }
        return Dictionary(items.map { (Line(sku: $0.sku, unitPrice: $0.unitPrice), $0.quantity) }, uniquingKeysWith: +)
            .map { PricedItem(sku: $0.key.sku, quantity: $0.value, unitPrice: $0.key.unitPrice) }
            .sorted { ($0.sku, $0.unitPrice) < ($1.sku, $1.unitPrice) }
    }
}
