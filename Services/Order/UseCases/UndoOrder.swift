import Contracts
import Queue
import ServingPath

/// Undoes an order at a dependency, by the order's id: allowed whether or not anything was done there.
struct UndoOrder: Sendable {
    let store: OrderStore
    let inventory: InventoryClient
    let payment: PaymentClient
    let coupon: CouponClient
    let wall: @Sendable () -> Timestamp

    func releaseReservation(_ message: Message) async throws -> DeliveryResult {
        try await inventory.release.call(message.key, for: .queue)
        return .done()
    }

    func releaseRedemption(_ message: Message) async -> DeliveryResult {
        let answer = await coupon.release.call(message.key, for: .queue)
        return answer.reason.map { DeliveryResult($0) } ?? .done(commit: store.releasedCoupon(message.key))
    }

    /// The refund that voiding made is written into the order together with the end of the message.
    func voidPayment(_ message: Message) async throws -> DeliveryResult {
        let voided = try await payment.void.call(message.key, for: .queue)
        guard voided.refunded > 0 else { return .done() }
        let voiding = store.changing(message.key) { [wall] order in
            let now = wall()
            order.document.refunded = voided.refunded
            order.document.updatedAt = now
            order.note(.void, .done, "\(voided.refunded) refunded", at: now)
            return []
        }
        return .done(commit: voiding)
    }
}
