import Contracts
import Foundation
import ServingPath

@testable import OrderService
@testable import Queue

/// What the queue's workers do: `FinishOrder`, `RepairCoupon` and `RunErrands`.
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
        case .releaseRedemption: ask(shop.coupon, .releaseRedemption(orderId: id), id) { then(Self.outcome($0)) }
        case .voidPayment: voidPayment(id, then)
        case .repairCoupon: repairCoupon(id, then)
        case .notifyAccepted: notify(.orderAccepted, id, then)
        case .notifyConfirmed: notify(.orderConfirmed, id, then)
        case .notifyCancelled: notify(.orderCancelled, id, then)
        case .notifyRefunded: notify(.orderRefunded, id, then)
        case nil: then(.refused("no handler"))
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
        ask(shop.notification, .notify(orderId: id, kind), id) { then(Self.outcome($0)) }
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

    // MARK: RepairCoupon

    private func repairCoupon(_ id: String, _ then: @escaping (Outcome<Disk>) -> Void) {
        read {
            $0.order(id)
        } then: { [self] order in
            guard let order, order.owesCouponRepair, let code = order.request.couponCode else { return then(.done()) }
            redeem(order, code, nil) { [self] served in
                switch served {
                case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason): then(.unavailable(reason.code))
                case .live(.voided): then(repaired(order, "the redemption had been undone"))
                case .live(.refused(let problem)):
                    then(repaired(order, "the coupon was refused: \(problem.code)", leavingTombstone: true))
                case .live(.redeemed(let discount)): refund(order, discount, then)
                }
            }
        }
    }

    private func refund(_ order: Order, _ discount: Int, _ then: @escaping (Outcome<Disk>) -> Void) {
        let owed = min(discount - order.document.discount, (order.document.total ?? 0) - order.document.refunded)
        guard owed > 0, let paymentId = order.progress.paymentId else {
            return then(repaired(order, "redeemed; nothing was owed"))
        }
        let key = mutant == .refundsWithAFreshKey ? "\(order.id):\(world.dice.next())" : "\(order.id):coupon"
        ask(
            shop.payment, .refund(paymentId: paymentId, amount: owed, key: key), order.id,
            refusals: ["refund-exceeds-capture", "voided", "not-found"]
        ) { [self] result in
            guard case .success(.payment(let payment)) = result else { return then(Self.outcome(result)) }
            then(repaired(order, "redeemed; \(owed) refunded", refunded: payment.refunded))
        }
    }

    private func repaired(_ order: Order, _ outcome: String, refunded: Int? = nil, leavingTombstone: Bool = false) -> Outcome<
        Disk
    > {
        let now = wall
        return .done { disk in
            var order = order
            order.repair("coupon", outcome, at: now)
            if let refunded { order.document.refunded = refunded }
            try disk.save(order)
            if leavingTombstone { disk.add(.releaseRedemption, order.id) }
            if refunded != nil { disk.add(.notifyRefunded, order.id) }
        }
    }
}
