import Contracts
import Queue
import ServingPath
import Transport

/// Which use case handles each ``OrderMessage``: with its lane and priority there, all there is to say about
/// a message.
struct OrderOutbox: Sendable {
    let finish: FinishOrder
    let commit: CommitStock
    let undo: UndoOrder
    let repairCoupon: RepairCoupon
    let refundCoupon: RefundCoupon
    let settle: SettleRefund
    let notify: NotifyCustomer

    func handle(_ kind: OrderMessage, _ message: Message) async -> DeliveryResult {
        switch kind {
        case .finishOrder: await finish(message)
        case .commitReservation: await commit(message)
        case .releaseReservation: await undo.releaseReservation(message)
        case .voidPayment: await undo.voidPayment(message)
        case .releaseRedemption: await undo.releaseRedemption(message)
        case .repairCoupon: await repairCoupon(message)
        case .refundCoupon: refundCoupon(message)
        case .refundOrder: await settle.pay(message.key, for: .queue)
        case .returnGoods: await settle.returnGoods(message.key, for: .queue)
        case .notifyAccepted: await notify(.orderAccepted, message)
        case .notifyConfirmed: await notify(.orderConfirmed, message)
        case .notifyCancelled: await notify(.orderCancelled, message)
        case .notifyRefunded: await notify(.orderRefunded, message)
        }
    }

    /// Every lane with the handlers of its messages.
    var lanes: [QueueWorkers.Lane] {
        OrderMessage.Lane.allCases.map { lane in
            let handlers = OrderMessage.kinds(in: lane).map { kind -> (String, QueueWorkers.Handler) in
                (kind.rawValue, { await handle(kind, $0) })
            }
            return QueueWorkers.Lane(lane.rawValue, handlers: Dictionary(uniqueKeysWithValues: handlers))
        }
    }
}

extension DeliveryResult {
    /// What a failed call means for the message that made it.
    init(_ error: CallError) {
        switch error {
        case .refused(let problem): self = .refused("\(problem.status) \(problem.code)")
        case .unavailable(let reason): self.init(reason)
        }
    }

    /// What a missing answer means for it: a refusal that no contract names counts as a try, an outage
    /// doesn't.
    /// - Parameter words: the reason that is kept with the message; nil: that of the call.
    init(_ why: Unavailability, saying words: String? = nil) {
        self =
            why.reason == .unexpectedRefusal ? .refused(words ?? why.words) : .unavailable(words ?? why.code)
    }
}
