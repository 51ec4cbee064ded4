import Contracts
import Storage

/// Undoes an order's redemption, so that it no longer counts. An order that never redeemed gets a tombstone, and whatever
/// arrives late for it is refused.
struct Release: Sendable {
    let store: Store
    let wall: @Sendable () -> Timestamp

    func callAsFunction(orderId: String) async throws -> Redemption {
        let now = wall()
        return try await store.write("release") { try CouponStore.release($0, orderId: orderId, at: now) }
    }
}
