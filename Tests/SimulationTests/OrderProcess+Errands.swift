import Contracts
import Foundation
import ServingPath

@testable import OrderService
@testable import Queue

/// What the queue's workers do: `FinishOrder`, `RefundCoupon` and `RunErrands`.
extension OrderProcess {
    func handle(_ message: Message, then: @escaping (Outcome<Disk>) -> Void) {
        let id = message.key
        let then = { [self] (outcome: Outcome<Disk>) in
            shop.trace.note(id, "\(message.kind) #\(message.id): \(outcome)")
            then(outcome)
        }
        switch Errand(rawValue: message.kind) {
        case .finishOrder: finish(id, then)
        case .commitReservation:
            ask(shop.inventory, .commit(orderId: id), id, refusals: ["out-of-stock", "voided"]) { then(Self.outcome($0)) }
        case .releaseReservation: ask(shop.inventory, .release(orderId: id), id) { then(Self.outcome($0)) }
        case .releaseRedemption:
            ask(shop.coupon, .releaseRedemption(orderId: id), id) { result in
                guard case .success = result else { return then(Self.outcome(result)) }
                then(.done { $0.releasedRedemption(id) })
            }
        case .voidPayment: voidPayment(id, then)
        case .repairCoupon: repairCoupon(id, then)
        case .refundCoupon: refundCoupon(id, then)
        case .notifyAccepted: notify(.orderAccepted, id, then)
        case .notifyConfirmed: notify(.orderConfirmed, id, then)
        case .notifyCancelled: notify(.orderCancelled, id, then)
        case .notifyRefunded: notify(.orderRefunded, id, then)
        // No operator refunds anything here, and inventory lets nothing lapse.
        case .refundOrder, .returnGoods, nil: then(.refused("no handler"))
        }
    }

    private static func outcome(_ result: Result<Answer, DependencyFailure<ProblemDocument>>) -> Outcome<Disk> {
        switch result {
        case .success: .done()
        case .failure(.refused(let problem)): .refused(problem.code)
        case .failure(.unavailable(let reason)): .unavailable(reason.code)
        }
    }

    private func notify(_ kind: NotificationKind, _ id: String, _ then: @escaping (Outcome<Disk>) -> Void) {
        ask(shop.notification, .notify(orderId: id, kind), id) { [self] result in
            guard case .success = result, mutant != .forgetsThatTheCustomerWasTold else { return then(Self.outcome(result)) }
            let now = wall
            then(
                .done { disk in
                    guard var order = disk.order(id), order.owes(kind) else { return }
                    order.repair("notification", "delivered", at: now)
                    try disk.save(order)
                })
        }
    }

    private func voidPayment(_ id: String, _ then: @escaping (Outcome<Disk>) -> Void) {
        ask(shop.payment, .void(orderId: id), id) { [self] result in
            guard case .success(.payment(let voided)) = result, voided.refunded > 0 else { return then(Self.outcome(result)) }
            let now = wall
            then(
                .done { disk in
                    guard var order = disk.order(id) else { return }
                    order.document.refunded = voided.refunded
                    order.note("void", "done", "\(voided.refunded) refunded", at: now)
                    try disk.save(order)
                })
        }
    }

    // MARK: RefundCoupon

    private func refundCoupon(_ id: String, _ then: @escaping (Outcome<Disk>) -> Void) {
        read {
            $0.order(id)
        } then: { [self] order in
            guard let order, order.owesCouponRepair, let owed = order.progress.couponRefund,
                let paymentId = order.progress.paymentId
            else { return then(.done()) }
            let key = mutant == .refundsWithAFreshKey ? "\(id):\(world.dice.next())" : "\(id):coupon"
            ask(
                shop.payment, .refund(paymentId: paymentId, amount: owed, key: key), id,
                refusals: ["refund-exceeds-capture", "voided", "not-found"]
            ) { [self] result in
                guard case .success(.payment(let payment)) = result else { return then(Self.outcome(result)) }
                let now = wall
                then(
                    .done { disk in
                        guard var order = disk.order(id) else { return }
                        order.couponRefunded(payment.refunded, at: now)
                        try disk.save(order)
                        disk.add(.notifyRefunded, id)
                    })
            }
        }
    }
}
