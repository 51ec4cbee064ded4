/// A CloudEvents 1.0 event in its structured JSON form.
package struct CloudEvent: Codable, Sendable, Hashable {
    package var specversion: String
    /// The same however often the event is sent.
    package var id: String
    package var source: String
    /// One of ``NotificationKind``.
    package var type: String
    package var subject: String?
    package var time: Timestamp?
    package var datacontenttype: String?
    package var data: NotificationData

    package init(
        id: String, source: String, type: NotificationKind, subject: String, time: Timestamp,
        data: NotificationData
    ) {
        self.specversion = "1.0"
        self.id = id
        self.source = source
        self.type = type.rawValue
        self.subject = subject
        self.time = time
        self.datacontenttype = "application/json"
        self.data = data
    }
}

package enum NotificationKind: String, Codable, Sendable, Hashable, CaseIterable {
    case orderAccepted = "order-accepted"
    case orderConfirmed = "order-confirmed"
    case orderCancelled = "order-cancelled"
    case orderRefunded = "order-refunded"
}

package struct NotificationData: Codable, Sendable, Hashable {
    package var orderId: String
    package var customerId: String
    /// Minor units: the order's total, or what was refunded.
    package var amount: Int?
    package var currency: String?
    /// What happened, in words.
    package var reason: String?

    package init(
        orderId: String, customerId: String, amount: Int? = nil, currency: String? = nil,
        reason: String? = nil
    ) {
        self.orderId = orderId
        self.customerId = customerId
        self.amount = amount
        self.currency = currency
        self.reason = reason
    }
}

package struct EventReceipt: Codable, Sendable, Hashable {
    package var id: String
    package var accepted: Bool

    package init(id: String, accepted: Bool) {
        self.id = id
        self.accepted = accepted
    }
}

package struct StoredNotification: Codable, Sendable, Hashable {
    package enum Channel: String, Codable, Sendable, Hashable { case log, webhook, email }
    package enum Status: String, Codable, Sendable, Hashable { case stored, sent, failed }

    /// The id of the event it came from.
    package var id: String
    package var orderId: String
    package var customerId: String
    package var kind: NotificationKind
    package var channel: Channel
    package var status: Status
    package var at: Timestamp

    package init(
        id: String, orderId: String, customerId: String, kind: NotificationKind, channel: Channel,
        status: Status,
        at: Timestamp
    ) {
        self.id = id
        self.orderId = orderId
        self.customerId = customerId
        self.kind = kind
        self.channel = channel
        self.status = status
        self.at = at
    }
}
