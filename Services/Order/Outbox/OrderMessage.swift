import Contracts

/// Every message of this service: what it is for, its lane, its priority. ``OrderOutbox`` has its handler.
/// Its key is the id of its order, or of its refund, of which an order may have several.
enum OrderMessage: String, Sendable, CaseIterable {
    /// Takes up an order that was begun and not ended: after a crash, or in an outage.
    case finishOrder = "finish-order"
    case commitReservation = "commit-reservation"
    case releaseReservation = "release-reservation"
    case voidPayment = "void-payment"
    case releaseRedemption = "release-redemption"
    /// Redeems a coupon that was skipped or estimated.
    case repairCoupon = "repair-coupon"
    /// Refunds what such a coupon was worth more than was given.
    case refundCoupon = "refund-coupon"
    /// Pays a refund back.
    case refundOrder = "refund-order"
    /// Puts the goods of a refund back in stock.
    case returnGoods = "return-goods"
    case notifyAccepted = "order-accepted"
    case notifyConfirmed = "order-confirmed"
    case notifyCancelled = "order-cancelled"
    case notifyRefunded = "order-refunded"

    /// One lane for each operation of a dependency, so that a dead one holds up no other's messages. Orders
    /// to be finished have a lane by what they wait for: a crash, a reservation, a payment.
    enum Lane: String, CaseIterable {
        case order, unreserved, unpaid
        case commit, release, void, refund
        case goods = "return"
        case redemptionRelease = "redemption-release"
        case redemption, notification
    }

    /// The highest goes first: what another customer may wait for, what is owed, what is only recorded.
    private enum Priority: Int {
        case recorded, committed, owed, awaited
    }

    private var entry: (lane: Lane, priority: Priority) {
        switch self {
        case .finishOrder: (.order, .awaited)
        case .commitReservation: (.commit, .committed)
        case .releaseReservation: (.release, .awaited)
        case .voidPayment: (.void, .awaited)
        case .releaseRedemption: (.redemptionRelease, .awaited)
        case .repairCoupon: (.redemption, .owed)
        case .refundCoupon, .refundOrder: (.refund, .owed)
        case .returnGoods: (.goods, .owed)
        case .notifyAccepted, .notifyConfirmed, .notifyCancelled, .notifyRefunded: (.notification, .recorded)
        }
    }

    /// Where a message of this kind begins; `finish-order` moves on by what its order waits for.
    var lane: Lane { entry.lane }
    /// 0 … 3.
    var priority: Int { entry.priority.rawValue }
    /// The customer reads what happened to an order in the order in which it happened.
    var isOrdered: Bool { lane == .notification }

    /// What is still being undone of a cancelled order while the message is there.
    var undoes: String? {
        switch self {
        case .releaseReservation: "inventory"
        case .voidPayment: "payment"
        case .releaseRedemption: "coupon"
        default: nil
        }
    }

    /// The kinds that a lane delivers.
    static func kinds(in lane: Lane) -> [OrderMessage] {
        switch lane {
        case .unreserved, .unpaid: [.finishOrder]
        default: allCases.filter { $0.lane == lane }
        }
    }
}

extension Order {
    /// Where its `finish-order` message waits.
    var lane: OrderMessage.Lane {
        switch status {
        case .accepted: document.pending.contains("inventory") ? .unreserved : .unpaid
        case .placing, .confirmed, .rejected, .cancelled: .order
        }
    }
}
