import Contracts
import Foundation
import Queue
import Resilience
import ServingPath
import Storage
import Transport

/// The simple errands of the queue: one call each, repeatable by the order's id.
struct RunErrands: Sendable {
    let store: Store
    let neighbours: Neighbours
    let wall: @Sendable () -> Timestamp

    func releaseReservation(_ message: Message) async -> Verdict {
        do {
            try await neighbours.inventory.release(orderId: message.key, for: .queue)
            return .done()
        } catch {
            return Verdict(error)
        }
    }

    func releaseRedemption(_ message: Message) async -> Verdict {
        switch await neighbours.coupon.release(orderId: message.key, for: .queue) {
        case .live:
            .done { database in
                guard let order = try OrderStore.order(database, id: message.key) else { return }
                try OrderStore.releasedCouponUse(database, of: order)
            }
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason): Verdict(reason)
        }
    }

    /// The refund that voiding made is written into the order together with the end of the message.
    func voidPayment(_ message: Message) async -> Verdict {
        do {
            let voided = try await neighbours.payment.void(orderId: message.key, for: .queue)
            guard voided.refunded > 0 else { return .done() }
            return .done { [wall] database in
                guard var order = try OrderStore.order(database, id: message.key) else { return }
                order.document.refunded = voided.refunded
                order.document.updatedAt = wall()
                order.note("void", "done", "\(voided.refunded) refunded", at: wall())
                try OrderStore.save(database, order, document: JSON.encode(order.document))
            }
        } catch {
            return Verdict(error)
        }
    }

    func notify(_ kind: NotificationKind, _ message: Message) async -> Verdict {
        guard let data = try? JSON.decode(NotificationData.self, from: message.payload) else {
            return .refused("the event's data can't be read")
        }
        if await isTooEarly(kind, data) { return .unavailable("the confirmation goes first") }
        let event = CloudEvent(
            id: "\(message.key):\(kind.rawValue)", source: "/services/order", type: kind, subject: data.orderId,
            time: Timestamp(milliseconds: message.createdAt), data: data)
        switch await neighbours.notification.send(event, for: .queue) {
        case .live(.accepted): return told(kind, data.orderId)
        case .live(.refused(let problem)): return Verdict(.refused(problem))
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason): return Verdict(reason)
        }
    }

    /// The message of a refund has the refund's key, so it doesn't stand in a line with its order's others.
    private func isTooEarly(_ kind: NotificationKind, _ data: NotificationData) async -> Bool {
        guard kind == .orderRefunded else { return false }
        let waiting = try? await store.read { try DurableQueue.kinds($0, key: data.orderId) }
        return waiting?.contains(Errand.notifyConfirmed.rawValue) ?? false
    }

    /// Where the order owed its customer the message, the delivery is written into it together with the end of the message.
    private func told(_ kind: NotificationKind, _ orderId: String) -> Verdict {
        .done { [wall] database in
            guard try OrderStore.mayOweMessage(database, id: orderId),
                var order = try OrderStore.order(database, id: orderId), order.owes(kind)
            else { return }
            order.repair("notification", "delivered", at: wall())
            try OrderStore.save(database, order, document: JSON.encode(order.document))
        }
    }
}
