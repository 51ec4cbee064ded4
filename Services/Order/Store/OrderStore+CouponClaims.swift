import Contracts
import GRDB
import Queue
import Storage

/// The claims of a customer's orders on a coupon: see ``CouponClaim``.
extension OrderStore {
    /// By order id, which is by age.
    func couponClaims(_ coupon: CustomerCoupon) async throws -> [CouponClaim] {
        try await store.read { try CouponClaimTable.claims($0, coupon) }
    }

    /// All claims with their orders, by order id, from the first after `after`; nil for one that can't be
    /// read.
    func couponClaims(after: String, limit: Int) async throws -> [(claim: CouponClaim, order: Order?)] {
        try await store.read { database in
            try CouponClaimTable.claims(database, after: after, limit: limit).map {
                ($0, try? OrderTable.order(database, id: $0.orderId))
            }
        }
    }

    /// The order's redemption was released.
    func releasedCoupon(_ orderId: String) -> Commit {
        { try CouponClaimTable.released($0, orderId: orderId) }
    }

    /// Has an order's coupon repaired by a new message, if that is due by the customer's claims as they are
    /// now.
    func repairingAgain(
        _ orderId: String, _ coupon: CustomerCoupon, if isDue: @escaping @Sendable ([CouponClaim]) -> Bool
    ) -> Commit {
        { database in
            guard isDue(try CouponClaimTable.claims(database, coupon)) else { return }
            try add(database, OutgoingMessage(.repairCoupon, orderId))
        }
    }
}
