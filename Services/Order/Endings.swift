import Contracts
import Foundation
import GRDB
import Metrics
import Queue
import ServingPath
import Storage
import Transport

/// Writes what becomes of an order, each in one transaction with the messages it causes. Used with a customer waiting
/// (directly) and without (in the transaction that removes the `finish-order` message).
struct Endings: Sendable {
    let store: Store
    let queue: DurableQueue
    let counts: OrderCounts
    let wall: @Sendable () -> Timestamp

    /// How an order's last change is committed: the change itself, and the messages that go with it.
    struct Conclusion: Sendable {
        var order: Order
        var document: Data
        let messages: @Sendable (Database, DurableQueue, Order) throws -> Void

        func commit(_ database: Database, _ queue: DurableQueue) throws {
            try OrderStore.save(database, order, document: document)
            try messages(database, queue, order)
        }
    }

    /// Puts an order that is still under way on disk; answers it with its new version.
    func save(_ order: Order) async throws -> Order {
        let document = try JSON.encode(order.document)
        try await store.write { try OrderStore.save($0, order, document: document) }
        var saved = order
        saved.version += 1
        return saved
    }

    /// The document of the confirmed order, as JSON.
    func confirm(_ order: Order) async throws -> Data { try await conclude(confirmed(order)) }

    func accept(_ order: Order, reason: Unavailability) async throws -> Data {
        try await conclude(accepted(order, reason: reason))
    }

    /// The refusal as it is kept, naming the order.
    func reject(_ order: Order, _ refusal: ProblemDocument) async throws -> ProblemDocument {
        let conclusion = try rejected(order, refusal, undoing: order.document.subtotal == nil ? .nothing : .reservation)
        _ = try await conclude(conclusion)
        return conclusion.order.progress.refusal ?? refusal
    }

    /// Nothing was charged, and nothing is kept but the record: the key is free, and what may have been done is undone.
    func giveUp(_ order: Order, _ problem: Problem, mayBeReserved: Bool) async throws -> Problem {
        _ = try await conclude(givenUp(order, problem.document, undoing: mayBeReserved ? .reservation : .nothing))
        return problem
    }

    func cancel(_ order: Order, why: String) async throws -> Data { try await conclude(cancelled(order, why: why)) }

    private func conclude(_ conclusion: Conclusion) async throws -> Data {
        try await store.write { [queue] database in
            try conclusion.commit(database, queue)
            if conclusion.order.status.isTerminal { try queue.drop(database, .finishOrder, conclusion.order.id) }
        }
        counts.count(conclusion.order.status)
        return conclusion.document
    }

    func confirmed(_ order: Order) throws -> Conclusion {
        var order = order
        order.confirm(at: wall())
        return Conclusion(order: order, document: try JSON.encode(order.document)) { database, queue, order in
            try queue.add(database, .commitReservation, order.id)
            try queue.notify(database, .notifyConfirmed, order, amount: order.document.total)
            if order.owesCouponRepair {
                try queue.add(database, .repairCoupon, order.id)
            } else if order.progress.couponDecision == .skipped {
                // Whether the call that failed redeemed it is unknown, and the customer wants no repair.
                try queue.add(database, .releaseRedemption, order.id)
            }
        }
    }

    /// The order keeps its `finish-order` message, which is made due unless it is being worked on.
    func accepted(_ order: Order, reason: Unavailability) throws -> Conclusion {
        var order = order
        order.accept(reason: reason.code, at: wall())
        return Conclusion(order: order, document: try JSON.encode(order.document)) { database, queue, order in
            try queue.hasten(database, .finishOrder, order.id)
            try queue.notify(database, .notifyAccepted, order, amount: order.document.total)
        }
    }

    /// What has to be undone of an order that ends without a sale. Undoing is by the order's id and always allowed, so
    /// that what only may have been done is undone as well.
    enum Undoing: Sendable {
        case nothing
        /// The reservation, and the redemption where there may be one.
        case reservation
        /// The same, and the payment.
        case everything

        func add(_ database: Database, _ queue: DurableQueue, _ order: Order) throws {
            if case .nothing = self { return }
            if case .everything = self { try queue.add(database, .voidPayment, order.id) }
            try queue.add(database, .releaseReservation, order.id)
            if order.request.couponCode != nil { try queue.add(database, .releaseRedemption, order.id) }
        }
    }

    func rejected(_ order: Order, _ refusal: ProblemDocument, undoing: Undoing) throws -> Conclusion {
        var order = order
        var refusal = refusal
        refusal.orderId = order.id
        order.reject(refusal, at: wall())
        return Conclusion(order: order, document: try JSON.encode(order.document)) { database, queue, order in
            try undoing.add(database, queue, order)
        }
    }

    /// Rejected for want of a dependency: nothing was charged, and the key can be used again.
    func givenUp(_ order: Order, _ problem: ProblemDocument, undoing: Undoing) throws -> Conclusion {
        let rejected = try rejected(order, problem, undoing: undoing)
        return Conclusion(order: rejected.order, document: rejected.document) { database, queue, order in
            try rejected.messages(database, queue, order)
            try OrderStore.forgetKey(database, id: order.id)
        }
    }

    /// Cancelled, by the customer or because it can't be finished: everything is undone by the order's id, whether or
    /// not it was done, and the customer is told.
    func cancelled(_ order: Order, why: String, refusal: ProblemDocument? = nil) throws -> Conclusion {
        var order = order
        order.cancel(why, refusal: refusal, at: wall())
        return Conclusion(order: order, document: try JSON.encode(order.document)) { database, queue, order in
            try Undoing.everything.add(database, queue, order)
            try queue.notify(database, .notifyCancelled, order, amount: order.document.total, reason: why)
        }
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
