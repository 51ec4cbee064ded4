import Contracts

/// Undoes an order's redemption, so that it no longer counts. An order that never redeemed gets a tombstone,
/// and whatever arrives late for it is refused.
struct Release: Sendable {
    let coupons: CouponStore
    let wall: @Sendable () -> Timestamp

    func callAsFunction(orderId: String) async throws -> Redemption {
        try await coupons.release(orderId: orderId, at: wall())
    }
}
