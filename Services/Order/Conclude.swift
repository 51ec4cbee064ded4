import Contracts
import Foundation
import Queue
import Storage
import Transport

/// Writes what becomes of an order while its customer waits.
struct Conclude: Sendable {
    let store: Store
    let queue: DurableQueue
    let claims: CouponClaims
    let counts: OrderCounts
    /// The share of the last known stock that is not promised, in percent.
    let stockMargin: Int

    /// Puts an order that is still under way on disk; answers it with its new version.
    func save(_ order: Order) async throws -> Order {
        let document = try JSON.encode(order.document)
        try await store.write("saved") { try OrderStore.save($0, order, document: document) }
        return order.saved
    }

    /// The same for an order whose coupon is estimated, if the customer's other orders leave room in the coupon's limit:
    /// counted and saved in one transaction, so that two orders don't both take the last use. Nil: nothing was written.
    func save(_ order: Order, within limit: Int) async throws -> Order? {
        let document = try JSON.encode(order.document)
        let isWithin = try await store.write("estimated") { [claims] database in
            let (code, customer) = (order.request.couponCode ?? "", order.request.customerId)
            let uses = try OrderStore.couponUses(database, code: code, customerId: customer)
            guard claims.others(than: order.id, uses).count(where: \.counts) < limit else { return false }
            try OrderStore.save(database, order, document: document)
            return true
        }
        return isWithin ? order.saved : nil
    }

    /// The order's document, as JSON, once its end is on disk.
    func callAsFunction(_ conclusion: Conclusion) async throws -> Data {
        try await store.write(conclusion.order.status.rawValue) { [queue] in try conclusion.commit($0, queue) }
        counts.count(conclusion.order.status)
        return conclusion.document
    }

    /// The same for an order that is accepted without inventory, if the last known stock covers it: looked up and promised
    /// in one transaction, so that two orders aren't promised the same piece.
    func promising(_ conclusion: Conclusion, within known: [String: Int]) async throws -> Promised {
        let promised: Promised = try await store.write("promised") { [queue, stockMargin] database in
            let short = try OrderStore.uncovered(database, conclusion.order, known: known, margin: stockMargin)
            guard short.isEmpty else { return .short(short) }
            try conclusion.commit(database, queue)
            return .kept(conclusion.document)
        }
        if case .kept = promised { counts.count(conclusion.order.status) }
        return promised
    }

    enum Promised: Sendable {
        case kept(Data)
        /// Nothing was written.
        case short([ShortSKU])
    }
}

extension Order {
    /// As it is on disk now that it was saved.
    fileprivate var saved: Order {
        var saved = self
        saved.version += 1
        return saved
    }
}

extension ProblemDocument {
    /// As inventory would say it, from what is known of it.
    static func outOfStock(_ short: [ShortSKU]) -> ProblemDocument {
        ProblemDocument(
            status: 409, code: "out-of-stock", title: "Out of stock",
            detail: "Inventory can't be asked, and by what is known there isn't enough of "
                + "\(short.map(\.sku).joined(separator: ", ").excerpt(500)). Nothing was charged.", skus: short)
    }
}
