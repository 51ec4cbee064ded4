import Contracts
import Queue
import ServingPath
import Transport

/// Which use case handles each ``OrderMessage``.
struct OrderOutbox: Sendable {
    let finish: FinishOrder
    let commit: CommitStock
    let undo: UndoOrder
    let repairCoupon: RepairCoupon
    let refundCoupon: RefundCoupon
    let settle: SettleRefund
    let notify: NotifyCustomer

    func handle(_ kind: OrderMessage, _ message: Message) async throws -> DeliveryResult {
        switch kind {
        case .finishOrder: try await finish(message)
        case .commitReservation: try await commit(message)
        case .releaseReservation: try await undo.releaseReservation(message)
        case .voidPayment: try await undo.voidPayment(message)
        case .releaseRedemption: await undo.releaseRedemption(message)
        case .repairCoupon: try await repairCoupon(message)
        case .refundCoupon: try await refundCoupon(message)
        case .refundOrder: try await settle.pay(message.key, for: .queue)
        case .returnGoods: try await settle.returnGoods(message.key, for: .queue)
        case .notifyAccepted: try await notify(.orderAccepted, message)
        case .notifyConfirmed: try await notify(.orderConfirmed, message)
        case .notifyCancelled: try await notify(.orderCancelled, message)
        case .notifyRefunded: try await notify(.orderRefunded, message)
        }
    }

    /// Every lane with the handlers of its messages.
    var lanes: [QueueWorkers.Lane] {
        OrderMessage.Lane.allCases.map { lane in
            let handlers = OrderMessage.kinds(in: lane).map { kind -> (String, QueueWorkers.Handler) in
                (kind.rawValue, { message in await .of { try await handle(kind, message) } })
            }
            return QueueWorkers.Lane(lane.rawValue, handlers: Dictionary(uniqueKeysWithValues: handlers))
        }
    }
}

extension DeliveryResult {
    /// What a handler answers, or its failure: a refusal that no contract names counts as a try, an outage
    /// not.
    static func of(_ handler: () async throws -> DeliveryResult) async -> DeliveryResult {
        do {
            return try await handler()
        } catch CallError.refused(let problem) {
            return .refused("\(problem.status) \(problem.code)")
        } catch CallError.unavailable(let reason) {
            return DeliveryResult(reason)
        } catch {
            return .unavailable("\(error)")
        }
    }

    /// - Parameter words: the reason that is kept with the message; nil: that of the call.
    init(_ why: Unavailability, saying words: String? = nil) {
        let isRefusal = why.reason == .unexpectedRefusal
        self = isRefusal ? .refused(words ?? why.words) : .unavailable(words ?? why.code)
    }
}
