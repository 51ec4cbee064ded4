import Contracts

/// A message to be added with a change.
struct OutgoingMessage: Sendable {
    var kind: OrderMessage
    /// The id of the order, or of the refund, that it is about.
    var key: String
    /// What a notification tells.
    var data: NotificationData?
    /// Added once only, also after it was delivered: no change of status keeps it from being added again.
    var isOnce = false

    init(_ kind: OrderMessage, _ key: String) {
        self.kind = kind
        self.key = key
    }

    /// The event that tells the customer what has become of an order.
    static func telling(_ kind: OrderMessage, _ order: Order, reason: String? = nil) -> Self {
        var message = OutgoingMessage(kind, order.id)
        message.data = NotificationData(
            orderId: order.id, customerId: order.request.customerId, amount: order.document.total,
            currency: order.document.currency, reason: reason)
        return message
    }

    /// The event that tells the customer of a refund: each has one of its own.
    static func telling(_ refund: OrderRefund, of order: Order) -> Self {
        var message = telling(.notifyRefunded, order, reason: refund.reason)
        message.data?.amount = refund.amount
        message.key = refund.id
        message.isOnce = true
        return message
    }
}
