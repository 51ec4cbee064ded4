import Contracts

/// Everything that an audit checks, read while nothing is under way.
struct Snapshot {
    var orders: [OrderDocument] = []
    var payments: [Payment] = []
    var ledger = Ledger(accounts: [], totals: [:])
    var stock: [Stock] = []
    var reservations: [AuditedReservation] = []
    var redemptions: [Redemption] = []
    /// The limit per customer of each used coupon that coupon knows.
    var couponLimits: [String: Int] = [:]
    var notifications: [AuditedNotification] = []
    var dead: [ServiceName: [DeadMessage]] = [:]
    /// Epoch and commit counter of each store, as its service reports them.
    var stores: [ServiceName: StoreMark] = [:]
    /// What each service knows of the others' stores, read before those were asked.
    var seen: [ServiceName: [ServiceStore]] = [:]

    /// What each service deletes as old.
    var retention: [ServiceName: [RetentionStatus]] = [:]
    /// The goods of orders that order has deleted.
    var deletedGoods: [ItemQuantity] = []

    /// How many of each kind were read.
    var counts: [String: Int] {
        [
            "orders": orders.count, "payments": payments.count, "skus": stock.count,
            "reservations": reservations.count,
            "redemptions": redemptions.count, "notifications": notifications.count,
            "deadLetters": dead.values.reduce(0) { $0 + $1.count },
        ]
    }
}

/// The part of a reservation that invariants need: without its items, which the stock counts.
struct AuditedReservation: Codable {
    var orderId: String
    var status: ReservationStatus
}

/// The part of a notification that invariants need.
struct AuditedNotification: Codable {
    var orderId: String
    var kind: NotificationKind
}
