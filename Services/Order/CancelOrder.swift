import Contracts
import Foundation
import Queue
import Storage
import Transport

/// Cancels an order that is not decided yet: at once for the customer, while the undoings go through the queue.
struct CancelOrder: Sendable {
    let store: Store
    let queue: DurableQueue
    let endings: Endings
    let counts: OrderCounts

    /// The cancelled order's document, as JSON. Cancelling twice is cancelling once.
    /// - Throws: ``Problem``: 404 for an unknown order, 409 for one that is confirmed or rejected.
    func callAsFunction(_ id: String) async throws -> Data {
        let (document, isNew) = try await store.write("cancel") { [queue, endings] database in
            guard let order = try OrderStore.order(database, id: id) else { throw Problem.unknownOrder(id) }
            switch order.status {
            case .placing, .accepted:
                // Read and saved in one transaction: it can't fail, and whoever works on the order finds it changed.
                let conclusion = try endings.cancelled(order, why: "cancelled by the customer")
                try conclusion.commit(database, queue)
                return (try OrderView.document(database, conclusion.order), true)
            case .cancelled:
                return (try OrderView.document(database, order), false)
            case .confirmed, .rejected:
                throw Problem(
                    409, "not-cancellable", "The order can't be cancelled",
                    "Order \(id) is \(order.status.rawValue); only an order that is not decided yet can be cancelled.")
            }
        }
        if isNew { counts.count(.cancelled) }
        return document
    }
}

extension Problem {
    static func unknownOrder(_ id: String) -> Problem { .notFound("There is no order \(id.excerpt()).") }
}
