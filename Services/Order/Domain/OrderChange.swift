import Contracts
import Mutants
import ServingPath

/// A new state of an order and the messages that go with it: written in one transaction.
struct OrderChange: Sendable {
    var order: Order
    var messages: [OutgoingMessage] = []
    /// Nothing was charged: the customer may try again with the same key.
    var freesKey = false
    /// False: the order has come a step further in the state that it is in.
    var isTransition = true

    /// What has to be undone of an order that ends without a sale.
    enum Undo: Sendable {
        case nothing
        /// The reservation, and the redemption where there may be one.
        case reservation
        /// The same, and the payment.
        case everything

        func messages(_ order: Order) -> [OutgoingMessage] {
            if Mutant.isOn(.givesUpWithoutUndoing), order.progress.refusal?.status == 503 { return [] }
            var kinds: [OrderMessage] = []
            if self == .everything { kinds.append(.voidPayment) }
            if self != .nothing { kinds.append(.releaseReservation) }
            if self != .nothing, order.coupon != nil { kinds.append(.releaseRedemption) }
            return kinds.map { OutgoingMessage($0, order.id) }
        }
    }
}

extension OrderChange {
    static func confirmed(
        _ order: Order, _ circumstances: Decision.Circumstances
    ) throws(IllegalTransition) -> OrderChange {
        var order = order
        try order.confirm(at: circumstances.now)
        if circumstances.isNotificationUnavailable { order.tellLater() }
        var messages = [
            OutgoingMessage(.commitReservation, order.id),
            .telling(.notifyConfirmed, order),
        ]
        if order.owesCouponRepair {
            messages.append(OutgoingMessage(.repairCoupon, order.id))
        } else if order.progress.couponDecision == .skipped {
            // Whether the call that failed redeemed it is unknown, and the customer wants no repair.
            messages.append(OutgoingMessage(.releaseRedemption, order.id))
        }
        return OrderChange(order: order, messages: messages)
    }

    static func accepted(
        _ order: Order, pending: PendingDependency, _ circumstances: Decision.Circumstances
    ) throws(IllegalTransition) -> OrderChange {
        var order = order
        try order.accept(pending: pending, at: circumstances.now)
        if circumstances.isNotificationUnavailable { order.tellLater() }
        return OrderChange(order: order, messages: [.telling(.notifyAccepted, order)])
    }

    static func proceeding(_ order: Order, pending: PendingDependency, at now: Timestamp) -> OrderChange {
        var order = order
        order.proceed(pending: pending, at: now)
        return OrderChange(order: order, isTransition: false)
    }

    /// - Parameter freesKey: nothing was charged, and the customer may try again with the same key.
    static func rejected(
        _ order: Order, _ refusal: OrderError, undo: Undo, freesKey: Bool = false, at now: Timestamp
    ) throws(IllegalTransition) -> OrderChange {
        var (order, told) = (order, refusal.document)
        told.orderId = order.id
        try order.reject(told, at: now)
        return OrderChange(order: order, messages: undo.messages(order), freesKey: freesKey)
    }

    /// Everything is undone, and the customer is told.
    static func cancelled(
        _ order: Order, _ why: String, refusal: OrderError? = nil, at now: Timestamp
    ) throws(IllegalTransition) -> OrderChange {
        var order = order
        try order.cancel(why, refusal: refusal?.document, at: now)
        let told = OutgoingMessage.telling(.notifyCancelled, order, reason: why)
        return OrderChange(order: order, messages: Undo.everything.messages(order) + [told])
    }

    /// Nil unless the order is undecided and was placed at `oldest` or before.
    static func expired(
        _ order: Order, oldest: Timestamp, at now: Timestamp
    ) throws(IllegalTransition) -> OrderChange? {
        guard !order.status.isTerminal, order.document.createdAt <= oldest else { return nil }
        return try cancelled(order, "it could not be finished in time", at: now)
    }
}
