import Contracts
import Foundation
import GRDB
import Queue
import Storage

/// The messages of orders and refunds.
extension OrderStore {
    /// Has a message delivered now rather than later, if it is there.
    func expedite(_ kind: OrderMessage, _ key: String) async throws {
        try await store.write("expedited") { try expedite($0, kind, key) }
    }

    /// The kinds of messages that there are for an order or a refund.
    func messages(_ key: String) async throws -> [OrderMessage] {
        try await store.read { try DurableQueue.kinds($0, key: key).compactMap(OrderMessage.init) }
    }

    /// The claim on a coupon stays until its redemption is released.
    func add(_ database: Database, _ messages: [OutgoingMessage], of order: Order) throws {
        for message in messages {
            if message.kind == .releaseRedemption { try CouponClaimTable.release(database, of: order) }
            try add(database, message)
        }
    }

    func add(
        _ database: Database, _ message: OutgoingMessage, in lane: OrderMessage.Lane? = nil,
        delay: Duration = .zero
    ) throws {
        let kind = message.kind
        if kind.isForgotten { return }
        try queue.enqueue(
            database, lane: (lane ?? kind.lane).rawValue, kind: kind.rawValue, key: message.key,
            payload: try message.data.map { try JSON.encode($0) } ?? Data(), delay: delay,
            priority: kind.priority, ordered: kind.isOrdered,
            once: message.isOnce ? "\(message.key):\(kind.rawValue)" : nil)
    }

    func remove(_ database: Database, _ kind: OrderMessage, _ key: String) throws {
        try queue.remove(database, kind: kind.rawValue, key: key)
    }

    func expedite(_ database: Database, _ kind: OrderMessage, _ key: String) throws {
        try queue.expedite(database, lane: kind.lane.rawValue, kind: kind.rawValue, key: key)
    }
}
