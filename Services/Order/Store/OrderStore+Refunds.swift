import Contracts
import GRDB
import Queue
import Storage

/// Refunds: each is written ahead of any call, with the messages that carry it out.
extension OrderStore {
    /// The order of a refund, and the refund as it is now.
    func refund(_ id: String) async throws -> (order: Order, refund: OrderRefund)? {
        try await store.read { try RefundTable.refund($0, id: id) }
    }

    /// Begins the refund that an operator asks for; its messages leave `delay` to the request that asked.
    /// - Returns: the id of the refund that the key has already; nil for a new one.
    func beginRefund(
        _ asked: RefundTable.Asked, key: String, delay: Duration, at now: Timestamp,
        _ refund: @escaping @Sendable (Order) throws -> OrderRefund
    ) async throws -> String? {
        try await store.write("refund") { database in
            if let earlier = try RefundTable.refund(database, key: key) {
                guard earlier.orderId == asked.orderId, earlier.request == asked.request else {
                    throw OrderError.keyReused
                }
                return earlier.id
            }
            guard let order = try OrderTable.order(database, id: asked.orderId) else {
                throw OrderError.unknownOrder(id: asked.orderId)
            }
            try begin(
                database, try refund(order), of: order, asked: (key, asked.request), delay: delay, at: now)
            return nil
        }
    }

    /// Begins a refund that follows from the order, unless it was begun already; where `refund` answers nil,
    /// the order is saved as it left it.
    func beginningRefund(
        _ id: String, of orderId: String, at now: Timestamp,
        _ refund: @escaping @Sendable (inout Order) throws -> OrderRefund?
    ) -> Commit {
        { database in
            guard try RefundTable.refund(database, id: id) == nil,
                var order = try OrderTable.order(database, id: orderId)
            else { return }
            let before = order.document
            if let refund = try refund(&order) {
                try begin(database, refund, of: order, at: now)
            } else if order.document != before {
                try save(database, order)
            }
        }
    }

    private func begin(
        _ database: Database, _ refund: OrderRefund, of order: Order,
        asked: (key: String, request: OrderRefundRequest)? = nil, delay: Duration = .zero, at now: Timestamp
    ) throws {
        var order = order
        order.begin(refund, at: now)
        try RefundTable.insert(
            database, refund.id, orderId: order.id, key: asked?.key, request: asked?.request)
        try save(database, order)
        if refund.amount > 0 {
            try add(database, OutgoingMessage(.refundOrder, refund.id), delay: delay)
        } else {
            try add(database, .telling(refund, of: order))
        }
        // What a customer was sold stays theirs until the money is back; what can't be delivered never was.
        if !refund.items.isEmpty, refund.amount == 0 || refund.cause == .outOfStock {
            try add(database, OutgoingMessage(.returnGoods, refund.id), delay: delay)
        }
    }

    /// Changes an order by a step of its refund, unless the step was taken already.
    /// - Parameter kind: the order's message that can be delivered once the step is taken.
    func settling(
        _ id: String, awaiting dependency: String, expediting kind: OrderMessage? = nil,
        _ change: @escaping @Sendable (inout Order, OrderRefund) throws -> [OutgoingMessage]
    ) -> Commit {
        { database in
            guard case (var order, let refund)? = try RefundTable.refund(database, id: id),
                refund.pending.contains(dependency)
            else { return }
            let messages = try change(&order, refund)
            try save(database, order)
            for message in messages { try add(database, message) }
            if let kind { try expedite(database, kind, order.id) }
        }
    }

    /// What a step of a refund has come to, for a request that took it before its message did.
    func settle(_ kind: OrderMessage, _ id: String, _ result: DeliveryResult) async throws {
        try await store.write("refunded") { database in
            guard case .done(let commit) = result else { return try expedite(database, kind, id) }
            try commit?(database)
            try remove(database, kind, id)
        }
    }
}
