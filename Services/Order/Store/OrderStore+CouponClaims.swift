import Contracts
import GRDB
import Queue
import Storage

/// The claims of a customer's orders on a coupon: see ``CouponClaim``.
extension OrderStore {
    /// By order id, which is by age.
    func couponClaims(_ code: String, customerId: String) async throws -> [CouponClaim] {
        try await store.read { try CouponClaimTable.claims($0, code: code, customerId: customerId) }
    }

    /// Claims of all customers on all coupons with their orders, by order id, from the first after `after`;
    /// nil for an order that can't be read.
    func couponClaims(after: String, limit: Int) async throws -> [(claim: CouponClaim, order: Order?)] {
        try await store.read { database in
            try CouponClaimTable.claims(database, after: after, limit: limit).map {
                ($0, try? OrderTable.order(database, id: $0.orderId))
            }
        }
    }

    /// The order's redemption was released.
    func releasedCoupon(_ orderId: String) -> Commit {
        { database in
            guard let order = try OrderTable.order(database, id: orderId) else { return }
            try CouponClaimTable.released(database, of: order)
        }
    }

    /// Has an order's coupon repaired by a new message, if `isDue` says so of the customer's claims as they
    /// are now.
    func repairingAgain(
        _ order: Order, code: String, if isDue: @escaping @Sendable ([CouponClaim]) -> Bool
    ) -> Commit {
        { database in
            let claims = try CouponClaimTable.claims(
                database, code: code, customerId: order.request.customerId)
            if isDue(claims) { try add(database, OutgoingMessage(.repairCoupon, order.id)) }
        }
    }
}
