import Contracts
import Foundation
import GRDB
import Metrics
import Mutants
import Queue
import Resilience
import Storage

/// The orders on disk, in this service's verbs: each is one transaction, with the messages that go with it.
///
/// A ``Commit`` is the same as a part of another transaction: that which removes the message whose handler
/// asks for it.
struct OrderStore: Sendable {
    /// How soon an order that was just accepted is taken up again: its dependency was out of reach a moment
    /// ago.
    private static let pause = Duration.milliseconds(100)

    let store: Store
    let queue: DurableQueue
    /// The share of the cached stock that is not promised, in percent.
    let stockMargin: Int
    private let counts = OrderCounts()

    // MARK: Reading

    func order(_ id: String) async throws -> Order? {
        try await store.read { try OrderTable.order($0, id: id) }
    }

    func order(key: String) async throws -> Order? {
        try await store.read { try OrderTable.order($0, key: key) }
    }

    /// The order's document as JSON, with what is still being undone for it.
    func document(_ order: Order) async throws -> Data {
        try await store.read { try OrderView.document($0, order) }
    }

    /// Nil where there is no such order.
    func document(_ id: String) async throws -> Data? {
        try await store.read { database in
            try OrderTable.order(database, id: id).map { try OrderView.document(database, $0) }
        }
    }

    /// Ids of the orders that are not decided and were placed at `oldest` or before, the oldest first.
    func unfinished(upTo oldest: Timestamp, except: String, limit: Int) async throws -> [String] {
        try await store.read { try OrderTable.unfinished($0, upTo: oldest, except: except, limit: limit) }
    }

    /// Newest first, by id.
    func list(customerId: String?, status: OrderStatus?) -> KeysetList {
        OrderTable.list(store, customerId: customerId, status: status)
    }

    /// What deleted orders had sold, less what was returned, by SKU.
    func deletedGoods() -> KeysetList { OrderTable.deletedGoods(store) }

    // MARK: Placing and deciding

    /// Writes an order ahead of any call, with the message that takes it up again after a crash.
    func begin(_ order: Order, key: String, request: Data, resumeAfter: Duration) async throws
        -> OrderTable.Placed
    {
        try await store.write("placing") { database in
            let placed = try OrderTable.insert(database, order, key: key, request: request)
            if case .new = placed, !Mutant.isOn(.forgetsTheRecoveryMessage) {
                try add(database, OutgoingMessage(.finishOrder, order.id), delay: resumeAfter)
            }
            return placed
        }
    }

    /// An order that is still under way; answers it with its new version.
    /// - Throws: ``OrderChanged``.
    func save(_ order: Order) async throws -> Order {
        let document = try JSON.encode(order.document)
        try await store.write("saved") { try OrderTable.save($0, order, document: document) }
        return order.saved
    }

    /// The same for an order whose coupon is estimated, if `hasRoom` for the customer's other claims: counted
    /// and saved in one transaction, so that two orders don't both take the last use. Nil: nothing was
    /// written.
    func save(_ order: Order, if hasRoom: @escaping @Sendable ([CouponClaim]) -> Bool) async throws -> Order?
    {
        let document = try JSON.encode(order.document)
        let isSaved = try await store.write("estimated") { database in
            let code = order.request.couponCode ?? ""
            let claims = try CouponClaimTable.claims(
                database, code: code, customerId: order.request.customerId)
            guard hasRoom(claims) else { return false }
            try OrderTable.save(database, order, document: document)
            return true
        }
        return isSaved ? order.saved : nil
    }

    /// What becomes of an order; answers its document as JSON.
    func conclude(_ change: OrderChange) async throws -> Data {
        let document = try JSON.encode(change.order.document)
        if Mutant.isOn(.commitsMessagesAfterTheOrder) {
            let name = change.order.status.rawValue
            try await store.write(name) { try concludeOrder($0, change, document: document) }
            try await store.write(name) { try concludeMessages($0, change) }
            return document
        }
        try await store.write(change.order.status.rawValue) { try conclude($0, change, document: document) }
        return document
    }

    /// The same with the end of a message.
    func concluding(_ change: OrderChange) -> Commit { { try conclude($0, change) } }

    /// The same for an order that is accepted without inventory, if the cached stock covers it: looked up and
    /// promised in one transaction, so that two orders aren't promised the same piece. Else what it lacks,
    /// and nothing is written.
    func promise(_ change: OrderChange, within stock: [String: Int]) async throws -> [ShortSKU] {
        try await store.write("promised") { database in
            let short = try PromiseTable.uncovered(database, change.order, stock: stock, margin: stockMargin)
            if short.isEmpty { try conclude(database, change) }
            return short
        }
    }

    /// Reads an order and decides what becomes of it in one transaction, so that no other change comes in
    /// between.
    /// - Returns: the order's document as JSON; nil where there is no such order.
    func update(
        _ id: String, as name: String, _ decide: @escaping @Sendable (Order) throws -> OrderChange?
    ) async throws -> Data? {
        try await store.write(name) { database in
            guard let order = try OrderTable.order(database, id: id) else { return nil }
            guard let change = try decide(order) else { return try OrderView.document(database, order) }
            try conclude(database, change)
            return try OrderView.document(database, change.order)
        }
    }

    /// The order's own `finish-order` message goes when the order has ended; until then it is replaced by one
    /// in the lane of what the order waits for.
    private func conclude(_ database: Database, _ change: OrderChange, document: Data? = nil) throws {
        try concludeOrder(database, change, document: document)
        try concludeMessages(database, change)
    }

    private func concludeOrder(_ database: Database, _ change: OrderChange, document: Data?) throws {
        try OrderTable.save(database, change.order, document: document)
        if change.freesKey { try OrderTable.forgetKey(database, id: change.order.id) }
    }

    private func concludeMessages(_ database: Database, _ change: OrderChange) throws {
        let order = change.order
        try add(database, change.messages.filter { !order.forgets($0.kind) }, of: order)
        if order.status.isTerminal {
            try remove(database, .finishOrder, order.id)
            for id in try CouponClaimTable.leftWaiting(database, by: order)
            where !Mutant.isOn(.forgetsToRecordEstimates) {
                try add(database, OutgoingMessage(.repairCoupon, id))
            }
        } else {
            try add(database, OutgoingMessage(.finishOrder, order.id), in: order.lane, delay: Self.pause)
        }
        if change.isTransition { database.afterNextTransaction { [counts] _ in counts.count(order.status) } }
    }

    // MARK: Changing what is decided

    /// Changes an order, with messages; nil from `change` leaves it as it is.
    func changing(
        _ id: String, _ change: @escaping @Sendable (inout Order) throws -> [OutgoingMessage]?
    ) -> Commit {
        { database in
            guard var order = try OrderTable.order(database, id: id), let messages = try change(&order) else {
                return
            }
            try OrderTable.save(database, order)
            try add(database, messages, of: order)
        }
    }

    /// Marks the message of what the order is now as delivered, where it was owed; most orders owe none, and
    /// aren't decoded.
    func markingTold(_ id: String, _ kind: NotificationKind, at now: Timestamp) -> Commit {
        let marking = changing(id) { order in
            guard order.owes(kind) else { return nil }
            order.repair("notification", "delivered", at: now)
            return []
        }
        return { database in
            guard try OrderTable.mayOweMessage(database, id: id), !Mutant.isOn(.forgetsThatTheCustomerWasTold)
            else { return }
            try marking(database)
        }
    }

    /// Runs a commit in a transaction of its own.
    func write(_ name: String = "saved", _ commit: @escaping Commit) async throws {
        try await store.write(name) { try commit($0) }
    }

    // MARK: Messages

    /// Has a message delivered now rather than later, if it is there.
    func expedite(_ kind: OrderMessage, _ key: String) async throws {
        try await store.write("expedited") { try expedite($0, kind, key) }
    }

    /// The kinds of messages that there are for an order or a refund.
    func messages(_ key: String) async throws -> [OrderMessage] {
        try await store.read { try DurableQueue.kinds($0, key: key).compactMap(OrderMessage.init) }
    }

    /// The claim on a coupon stays until its redemption is released.
    private func add(_ database: Database, _ messages: [OutgoingMessage], of order: Order) throws {
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
        try queue.enqueue(
            database, lane: (lane ?? kind.lane).rawValue, kind: kind.rawValue, key: message.key,
            payload: try message.data.map { try JSON.encode($0) } ?? Data(), delay: delay,
            priority: kind.priority,
            ordered: kind.isOrdered, once: message.isOnce ? "\(message.key):\(kind.rawValue)" : nil)
    }

    func remove(_ database: Database, _ kind: OrderMessage, _ key: String) throws {
        try queue.remove(database, kind: kind.rawValue, key: key)
    }

    func expedite(_ database: Database, _ kind: OrderMessage, _ key: String) throws {
        try queue.expedite(database, lane: kind.lane.rawValue, kind: kind.rawValue, key: key)
    }
}

extension Order {
    /// As it is on disk now that it was saved.
    fileprivate var saved: Order {
        var saved = self
        saved.version += 1
        return saved
    }
}

/// `csp_orders_total{outcome}`.
private struct OrderCounts: Sendable {
    private let counters: [OrderStatus: Counter] = Dictionary(
        uniqueKeysWithValues: OrderStatus.allCases.map {
            ($0, Counter(label: "csp_orders_total", dimensions: [("outcome", $0.rawValue)]))
        })

    func count(_ outcome: OrderStatus) { counters[outcome]?.increment() }
}
