import Contracts
import Queue
import ServingPath

/// Undoes an order at a dependency, by the order's id: always allowed, whether or not anything was done
/// there.
struct UndoOrder: Sendable {
    let store: OrderStore
    let inventory: InventoryClient
    let payment: PaymentClient
    let coupon: CouponClient
    let wall: @Sendable () -> Timestamp

    func releaseReservation(_ message: Message) async -> DeliveryResult {
        do {
            try await inventory.release(orderId: message.key, for: .queue)
            return .done()
        } catch {
            return DeliveryResult(error)
        }
    }

    func releaseRedemption(_ message: Message) async -> DeliveryResult {
        switch await coupon.release(orderId: message.key, for: .queue) {
        case .live: .done(commit: store.releasedCoupon(message.key))
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason): DeliveryResult(reason)
        }
    }

    /// The refund that voiding made is written into the order together with the end of the message.
    func voidPayment(_ message: Message) async -> DeliveryResult {
        do {
            let voided = try await payment.void(orderId: message.key, for: .queue)
            guard voided.refunded > 0 else { return .done() }
            let now = wall()
            return .done(
                commit: store.changing(message.key) { order in
                    order.document.refunded = voided.refunded
                    order.document.updatedAt = now
                    order.note(.void, .done, "\(voided.refunded) refunded", at: now)
                    return []
                })
        } catch {
            return DeliveryResult(error)
        }
    }
}
