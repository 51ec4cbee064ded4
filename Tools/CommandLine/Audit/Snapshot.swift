import Contracts

/// All that an audit looks at, read while nothing is under way.
struct Snapshot {
    var orders: [OrderDocument] = []
    var payments: [Payment] = []
    var ledger = Ledger(accounts: [], totals: [:])
    var stock: [Stock] = []
    var reservations: [AuditedReservation] = []
    var redemptions: [Redemption] = []
    /// The limit a customer, of each coupon that was used and is known.
    var couponLimits: [String: Int] = [:]
    var notifications: [AuditedNotification] = []
    var dead: [ServiceName: [DeadMessage]] = [:]
    /// How far each service's store has come by its own account.
    var stores: [ServiceName: StoreMark] = [:]
    /// What each service had heard of the others' stores, before those were asked.
    var seen: [ServiceName: [ServiceStore]] = [:]

    /// What each service says of what it deletes.
    var retention: [ServiceName: [RetentionStatus]] = [:]
    /// What orders that order has deleted had sold.
    var deletedGoods: [ItemQuantity] = []

    /// How many of each were looked at.
    var counts: [String: Int] {
        [
            "orders": orders.count, "payments": payments.count, "skus": stock.count,
            "reservations": reservations.count,
            "redemptions": redemptions.count, "notifications": notifications.count,
            "deadLetters": dead.values.reduce(0) { $0 + $1.count },
        ]
    }
}

/// A reservation, as far as an invariant asks for it: its items are most of it, and are held by the stock.
struct AuditedReservation: Codable {
    var orderId: String
    var status: ReservationStatus
}

/// A notification, as far as an invariant asks for it.
struct AuditedNotification: Codable {
    var orderId: String
    var kind: NotificationKind
}
