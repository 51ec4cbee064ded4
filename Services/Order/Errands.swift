import Contracts
import Foundation
import GRDB
import Queue
import ServingPath
import Storage
import Transport

/// What an order leaves to the queue: each kind of message, its lane, and the place where it is added to a transaction.
/// A message's key is the order's id, or the refund's, of which an order may have several.
enum Errand: String, Sendable, CaseIterable {
    /// Takes up an order that was begun and not ended: after a crash, or with inventory or payment out of reach.
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

    /// One lane an operation of a dependency, so that one that is dead or broken holds up no other's messages. Orders to be
    /// finished stand in a lane by what they wait for: those of a crash, those that aren't reserved yet, those that aren't paid
    /// yet.
    enum Lane: String, CaseIterable {
        case order, unreserved, unpaid
        case commit, release, void, refund
        case goods = "return"
        case redemptionRelease = "redemption-release"
        case redemption, notification
    }

    /// Where a message of this kind begins.
    var lane: Lane {
        switch self {
        case .finishOrder: .order
        case .commitReservation: .commit
        case .releaseReservation: .release
        case .voidPayment: .void
        case .refundCoupon, .refundOrder: .refund
        case .returnGoods: .goods
        case .releaseRedemption: .redemptionRelease
        case .repairCoupon: .redemption
        case .notifyAccepted, .notifyConfirmed, .notifyCancelled, .notifyRefunded: .notification
        }
    }

    /// Every lane with the handlers of its errands.
    static func lanes(handling handler: (Errand) -> QueueWorkers.Handler) -> [QueueWorkers.Lane] {
        Lane.allCases.map { lane in
            let errands = allCases.filter { $0.lane == lane || ($0 == .finishOrder && [.unreserved, .unpaid].contains(lane)) }
            let handlers = Dictionary(uniqueKeysWithValues: errands.map { ($0.rawValue, handler($0)) })
            return QueueWorkers.Lane(lane.rawValue, handlers: handlers)
        }
    }

    /// Lanes were dependencies once. In words of its own, since a migration doesn't change with the code.
    static let migration = Store.Migration(
        "order-lanes-2",
        """
        UPDATE queue SET lane = CASE kind
            WHEN 'commit-reservation' THEN 'commit' WHEN 'release-reservation' THEN 'release'
            WHEN 'void-payment' THEN 'void' WHEN 'refund-coupon' THEN 'refund'
            WHEN 'release-redemption' THEN 'redemption-release' WHEN 'repair-coupon' THEN 'redemption' ELSE lane END
        WHERE lane IN ('inventory', 'payment', 'coupon')
        """)

    /// Within its lane: giving back goes first, since somebody else may be waiting for it; what is only recorded, last.
    var priority: Int {
        switch self {
        case .finishOrder, .voidPayment, .releaseReservation, .releaseRedemption: 3
        case .repairCoupon, .refundCoupon, .refundOrder, .returnGoods: 2
        case .commitReservation: 1
        case .notifyAccepted, .notifyConfirmed, .notifyCancelled, .notifyRefunded: 0
        }
    }

    /// The customer reads what happened to an order in the order in which it happened.
    var isOrdered: Bool { lane == .notification }

    /// What is being undone while the message is there: an entry of the order's `pending`.
    var undoes: String? {
        switch self {
        case .releaseReservation: "inventory"
        case .voidPayment: "payment"
        case .releaseRedemption: "coupon"
        default: nil
        }
    }
}

extension DurableQueue {
    func add(
        _ database: Database, _ errand: Errand, _ orderId: String, in lane: Errand.Lane? = nil, payload: Data = Data(),
        delay: Duration = .zero, once id: String? = nil
    ) throws {
        try enqueue(
            database, lane: (lane ?? errand.lane).rawValue, kind: errand.rawValue, key: orderId, payload: payload, delay: delay,
            priority: errand.priority, ordered: errand.isOrdered, once: id)
    }

    func add(_ database: Database, _ assignment: Conclusion.Assignment, _ orderId: String) throws {
        let errand = assignment.errand
        // The other kinds go with a change of status, which comes once; a refund's has the refund's key.
        let once = errand == .notifyRefunded ? "\(orderId):\(errand.rawValue)" : nil
        try add(database, errand, orderId, payload: assignment.payload, once: once)
    }

    func drop(_ database: Database, _ errand: Errand, _ orderId: String) throws {
        try remove(database, kind: errand.rawValue, key: orderId)
    }

    func hasten(_ database: Database, _ errand: Errand, _ orderId: String) throws {
        try hasten(database, lane: errand.lane.rawValue, kind: errand.rawValue, key: orderId)
    }
}

extension Verdict {
    /// What a failed call means for the message that made it.
    init(_ error: CallError) {
        switch error {
        case .refused(let problem): self = .refused("\(problem.status) \(problem.code)")
        case .unavailable(let reason): self.init(reason)
        }
    }

    /// What a missing answer means for it: a refusal that no contract names counts as a try, an outage doesn't.
    /// - Parameter words: the reason that is kept with the message; nil: that of the call.
    init(_ why: Unavailability, saying words: String? = nil) {
        self = why.reason == .unexpectedRefusal ? .refused(words ?? why.words) : .unavailable(words ?? why.code)
    }
}
