import Contracts
import Foundation
import GRDB
import Queue
import ServingPath
import Storage
import Transport

/// What an order leaves to the queue: each kind of message, its lane, and the place where it is added to a transaction.
/// A message's key is the order's id.
enum Errand: String, Sendable, CaseIterable {
    /// Takes up an order that was begun and not ended: after a crash, or with payment out of reach.
    case finishOrder = "finish-order"
    case commitReservation = "commit-reservation"
    case releaseReservation = "release-reservation"
    case voidPayment = "void-payment"
    case releaseRedemption = "release-redemption"
    /// Redeems a skipped coupon and refunds the difference.
    case repairCoupon = "repair-coupon"
    case notifyAccepted = "order-accepted"
    case notifyConfirmed = "order-confirmed"
    case notifyCancelled = "order-cancelled"
    case notifyRefunded = "order-refunded"

    /// One lane a destination, so that a dead one holds up nobody else's messages.
    enum Lane: String, CaseIterable { case order, inventory, payment, coupon, notification }

    var lane: Lane {
        switch self {
        case .finishOrder: .order
        case .commitReservation, .releaseReservation: .inventory
        case .voidPayment: .payment
        case .releaseRedemption, .repairCoupon: .coupon
        case .notifyAccepted, .notifyConfirmed, .notifyCancelled, .notifyRefunded: .notification
        }
    }

    /// Every lane with the handlers of its errands.
    static func lanes(handling handler: (Errand) -> QueueWorkers.Handler) -> [QueueWorkers.Lane] {
        Lane.allCases.map { lane in
            let errands = allCases.filter { $0.lane == lane }
            let handlers = Dictionary(uniqueKeysWithValues: errands.map { ($0.rawValue, handler($0)) })
            return QueueWorkers.Lane(lane.rawValue, handlers: handlers)
        }
    }

    /// What moves money first, then what others can't buy meanwhile; telling the customer can wait.
    var priority: Int {
        switch self {
        case .finishOrder, .voidPayment: 3
        case .commitReservation, .releaseReservation: 2
        case .releaseRedemption, .repairCoupon: 1
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
        _ database: Database, _ errand: Errand, _ orderId: String, payload: Data = Data(), delay: Duration = .zero,
        once id: String? = nil
    ) throws {
        try enqueue(
            database, lane: errand.lane.rawValue, kind: errand.rawValue, key: orderId, payload: payload, delay: delay,
            priority: errand.priority, ordered: errand.isOrdered, once: id)
    }

    /// What tells the customer is added once an order and kind, however often it comes to that.
    func add(_ database: Database, _ assignment: Conclusion.Assignment, _ orderId: String) throws {
        let errand = assignment.errand
        let once = errand.lane == .notification ? "\(orderId):\(errand.rawValue)" : nil
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
        case .unavailable(let reason): self = .unavailable(reason.code)
        }
    }
}
