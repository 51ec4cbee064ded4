import Contracts

/// A message to be added with a change.
struct OutgoingMessage: Sendable {
    var kind: OrderMessage
    /// The id of the order, or of the refund, that it is about.
    var key: String
    /// What a notification tells.
    var data: NotificationData?
    /// Added once only, also after it was delivered. A message that goes with a change of status needs none
    /// of that.
    var isOnce = false

    init(_ kind: OrderMessage, _ key: String) {
        self.kind = kind
        self.key = key
    }

    /// The event that tells the customer what has become of an order.
    static func telling(_ kind: OrderMessage, _ order: Order, amount: Int?, reason: String? = nil) -> Self {
        var message = OutgoingMessage(kind, order.id)
        message.data = NotificationData(
            orderId: order.id, customerId: order.request.customerId, amount: amount,
            currency: order.document.currency, reason: reason)
        return message
    }

    /// The event that tells the customer of a refund: each has one of its own.
    static func telling(_ refund: OrderRefund, of order: Order) -> Self {
        var message = telling(.notifyRefunded, order, amount: refund.amount, reason: refund.reason)
        message.key = refund.id
        message.isOnce = true
        return message
    }
}
