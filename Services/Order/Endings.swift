import Contracts
import Foundation
import GRDB
import Metrics
import Queue
import ServingPath
import Storage
import Transport

/// What becomes of an order, decided: its last state, and the messages that go with it. Written in one transaction.
struct Conclusion: Sendable {
    let order: Order
    /// The order's document, as JSON.
    let document: Data
    let errands: [Assignment]
    /// Nothing was done: the customer may try again with the same key.
    let freesKey: Bool

    /// An errand for the order, with what its message carries.
    struct Assignment: Sendable {
        var errand: Errand
        var payload = Data()
    }

    init(_ order: Order, _ errands: [Assignment] = [], freesKey: Bool = false) throws {
        self.order = order
        self.errands = errands
        self.freesKey = freesKey
        document = try JSON.encode(order.document)
    }

    /// How soon an order that was just accepted is taken up: what it lacks was lacking a moment ago.
    static let pause = Duration.milliseconds(100)

    /// The order's own `finish-order` message goes when the order has ended; while it hasn't, it stands in the lane of what the
    /// order waits for.
    func commit(_ database: Database, _ queue: DurableQueue) throws {
        try OrderStore.save(database, order, document: document)
        if freesKey { try OrderStore.forgetKey(database, id: order.id) }
        for assignment in errands {
            if assignment.errand == .releaseRedemption { try OrderStore.releasesCouponUse(database, of: order) }
            try queue.add(database, assignment, order.id)
        }
        if order.status.isTerminal {
            try queue.drop(database, .finishOrder, order.id)
            for id in try OrderStore.couponsLeftWaiting(database, of: order) { try queue.add(database, .repairCoupon, id) }
        } else {
            try queue.add(database, .finishOrder, order.id, in: order.lane, delay: Self.pause)
        }
    }
}

/// Decides what becomes of an order: pure functions, used with a customer waiting and without.
struct Endings: Sendable {
    /// After this, an order that could not be finished is undone and cancelled.
    let acceptedMaxAge: Duration
    /// Whether customers are told later, if they are told something now.
    let isNotificationGivenUp: @Sendable () -> Bool
    let wall: @Sendable () -> Timestamp

    /// What has to be undone of an order that ends without a sale. Undoing is by the order's id and always allowed, so
    /// that what only may have been done is undone as well.
    enum Undoing: Sendable {
        case nothing
        /// The reservation, and the redemption where there may be one.
        case reservation
        /// The same, and the payment.
        case everything

        func errands(_ order: Order) -> [Conclusion.Assignment] {
            let redemption: [Errand] = order.request.couponCode == nil ? [] : [.releaseRedemption]
            let errands: [Errand] =
                switch self {
                case .nothing: []
                case .reservation: [.releaseReservation] + redemption
                case .everything: [.voidPayment, .releaseReservation] + redemption
                }
            return errands.map { Conclusion.Assignment(errand: $0) }
        }
    }

    func confirmed(_ order: Order) throws -> Conclusion {
        var order = order
        order.confirm(at: wall())
        if isNotificationGivenUp() { order.tellLater() }
        var errands = [Conclusion.Assignment(errand: .commitReservation)]
        errands.append(try .telling(.notifyConfirmed, order, amount: order.document.total))
        if order.owesCouponRepair {
            errands.append(Conclusion.Assignment(errand: .repairCoupon))
        } else if order.progress.couponDecision == .skipped {
            // Whether the call that failed redeemed it is unknown, and the customer wants no repair.
            errands.append(Conclusion.Assignment(errand: .releaseRedemption))
        }
        return try Conclusion(order, errands)
    }

    func accepted(_ order: Order, lacking lack: Lack) throws -> Conclusion {
        var order = order
        order.accept(lacking: lack, at: wall())
        if isNotificationGivenUp() { order.tellLater() }
        return try Conclusion(order, [.telling(.notifyAccepted, order, amount: order.document.total)])
    }

    func rejected(_ order: Order, _ refusal: ProblemDocument, undoing: Undoing) throws -> Conclusion {
        try rejected(order, refusal, undoing: undoing, freesKey: false)
    }

    /// Rejected for want of a dependency: nothing was charged, and the key can be used again.
    func givenUp(_ order: Order, _ problem: ProblemDocument, undoing: Undoing) throws -> Conclusion {
        try rejected(order, problem, undoing: undoing, freesKey: true)
    }

    private func rejected(_ order: Order, _ refusal: ProblemDocument, undoing: Undoing, freesKey: Bool) throws -> Conclusion {
        var order = order
        var refusal = refusal
        refusal.orderId = order.id
        order.reject(refusal, at: wall())
        return try Conclusion(order, undoing.errands(order), freesKey: freesKey)
    }

    /// Orders from before are too old to be finished.
    var oldest: Timestamp { wall().advanced(by: .zero - acceptedMaxAge) }

    /// Nil unless the order isn't decided and too old to be.
    func expired(_ order: Order) throws -> Conclusion? {
        guard !order.status.isTerminal, order.document.createdAt <= oldest else { return nil }
        return try cancelled(order, why: "it could not be finished in time")
    }

    /// Cancelled, by the customer or because it can't be finished: everything is undone by the order's id, whether or
    /// not it was done, and the customer is told.
    func cancelled(_ order: Order, why: String, refusal: ProblemDocument? = nil) throws -> Conclusion {
        var order = order
        order.cancel(why, refusal: refusal, at: wall())
        let telling = try Conclusion.Assignment.telling(.notifyCancelled, order, amount: order.document.total, reason: why)
        return try Conclusion(order, Undoing.everything.errands(order) + [telling])
    }
}

extension Conclusion.Assignment {
    /// The event that tells the customer.
    static func telling(_ errand: Errand, _ order: Order, amount: Int?, reason: String? = nil) throws -> Self {
        let data = NotificationData(
            orderId: order.id, customerId: order.request.customerId, amount: amount, currency: order.document.currency,
            reason: reason)
        return Self(errand: errand, payload: try JSON.encode(data))
    }
}

/// `csp_orders_total{outcome}`.
struct OrderCounts: Sendable {
    private let counters: [OrderStatus: Counter] = Dictionary(
        uniqueKeysWithValues: OrderStatus.allCases.map {
            ($0, Counter(label: "csp_orders_total", dimensions: [("outcome", $0.rawValue)]))
        })

    func count(_ outcome: OrderStatus) { counters[outcome]?.increment() }
}
