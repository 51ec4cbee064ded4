import Contracts
import Foundation
import GRDB
import Instrumentation
import Logging
import Metrics
import Mutants
import Queue
import Storage
import Telemetry

/// The orders on disk, in this service's verbs: each is one transaction, with the messages that go with it. A
/// ``Commit`` is a part of another: that which removes the message whose handler asks for it.
struct OrderStore: Sendable {
    /// How soon an order that was just accepted is taken up again: its dependency failed a moment ago.
    private static let pause = Duration.milliseconds(100)

    let store: Store
    let queue: DurableQueue
    /// The share of the cached stock that is not promised, in percent.
    let stockMargin: Int
    /// `csp_orders_total{outcome}`.
    private let counts = Dictionary(
        uniqueKeysWithValues: OrderStatus.allCases.map {
            ($0, Counter(label: "csp_orders_total", dimensions: [("outcome", $0.rawValue)]))
        })

    private let degradations: DegradationCounts

    init(store: Store, queue: DurableQueue, stockMargin: Int, logger: Logger) {
        self.store = store
        self.queue = queue
        self.stockMargin = stockMargin
        degradations = DegradationCounts(logger: logger)
    }

    /// What has become of its degradations is counted once it is on disk.
    @discardableResult
    func save(_ database: Database, _ order: Order, document: Data? = nil) throws -> Order {
        var saved = try OrderTable.save(database, order, document: document)
        ServiceSpan.current?.note(order)
        if saved.savedDegradations != saved.document.degradations {
            let context = InstrumentationContext.current
            database.afterNextTransaction { [degradations] _ in
                InstrumentationContext.withValue(context) { degradations.count(order) }
            }
            saved.savedDegradations = saved.document.degradations
        }
        return saved
    }

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

    /// Ids past `after` of undecided orders that were placed at `oldest` or before, the oldest first.
    func unfinished(upTo oldest: Timestamp, after: String, limit: Int) async throws -> [String] {
        try await store.read { try OrderTable.unfinished($0, upTo: oldest, after: after, limit: limit) }
    }

    /// Newest first, by id.
    func list(customerId: String?, isDegraded: Bool, status: OrderStatus?) -> KeysetList {
        OrderTable.list(store, customerId: customerId, isDegraded: isDegraded, status: status)
    }

    /// What deleted orders had sold, less what was returned, by SKU.
    func deletedGoods() -> KeysetList { OrderTable.deletedGoods(store) }

    // MARK: Placing and deciding

    /// Writes an order ahead of any call, with the message that takes it up again after a crash.
    func begin(
        _ order: Order, key: String, request: Data, resumeAfter: Duration
    ) async throws -> OrderTable.Placed {
        try await store.write("placing") { database in
            let placed = try OrderTable.insert(database, order, key: key, request: request)
            switch placed {
            case .new: ServiceSpan.current?.note(order)
            case .existing(let known): ServiceSpan.current?.note(known)
            }
            if case .new = placed, !Mutant.isOn(.forgetsTheRecoveryMessage) {
                try add(database, OutgoingMessage(.finishOrder, order.id), delay: resumeAfter)
            }
            return placed
        }
    }

    /// An order that is still under way, with its new version. Throws ``OrderChanged``.
    func save(_ order: Order) async throws -> Order {
        let document = try JSON.encode(order.document)
        return try await store.write("saved") { try save($0, order, document: document) }
    }

    /// The same for an estimated coupon, if the customer's other claims leave room, in one transaction: two
    /// orders can't both take the last use. Nil: nothing was written.
    func save(
        _ order: Order, if hasRoom: @escaping @Sendable ([CouponClaim]) -> Bool
    ) async throws -> Order? {
        let document = try JSON.encode(order.document)
        return try await store.write("estimated") { database in
            guard let coupon = order.coupon, hasRoom(try CouponClaimTable.claims(database, coupon))
            else { return nil }
            return try save(database, order, document: document)
        }
    }

    /// What becomes of an order; answers its document as JSON.
    func conclude(_ change: OrderChange) async throws -> Data {
        let document = try JSON.encode(change.order.document)
        let name = change.order.status.rawValue
        if Mutant.isOn(.commitsMessagesAfterTheOrder) {
            try await store.write(name) { try concludeOrder($0, change, document: document) }
            try await store.write(name) { try concludeMessages($0, change) }
            return document
        }
        try await store.write(name) { try conclude($0, change, document: document) }
        return document
    }

    /// The same with the end of a message.
    func concluding(_ change: OrderChange) -> Commit { { try conclude($0, change) } }

    /// The same for an order without inventory, if the cached stock covers it, in one transaction: two orders
    /// aren't promised the same piece. Else what it lacks, and nothing is written.
    func promise(_ change: OrderChange, within stock: [String: Int]) async throws -> [ShortSKU] {
        try await store.write("promised") { database in
            let short = try PromiseTable.uncovered(database, change.order, stock: stock, margin: stockMargin)
            if short.isEmpty { try conclude(database, change) }
            return short
        }
    }

    /// Reads an order and decides in one transaction; answers its document as JSON, nil where there is none.
    func update(
        _ id: String, as name: String, _ decide: @escaping @Sendable (Order) throws -> OrderChange?
    ) async throws -> Data? {
        try await store.write(name) { database in
            guard let order = try OrderTable.order(database, id: id) else { return nil }
            let change = try decide(order)
            if let change { try conclude(database, change) }
            return try OrderView.document(database, change?.order ?? order)
        }
    }

    private func conclude(_ database: Database, _ change: OrderChange, document: Data? = nil) throws {
        try concludeOrder(database, change, document: document)
        try concludeMessages(database, change)
    }

    private func concludeOrder(_ database: Database, _ change: OrderChange, document: Data?) throws {
        try save(database, change.order, document: document)
        if change.freesKey { try OrderTable.forgetKey(database, id: change.order.id) }
    }

    /// Until the order has ended, its `finish-order` is replaced by one in the lane of what it waits for.
    private func concludeMessages(_ database: Database, _ change: OrderChange) throws {
        let order = change.order
        try add(database, change.messages.filter { !order.forgets($0.kind) }, of: order)
        if order.status.isTerminal {
            try remove(database, .finishOrder, order.id)
            for id in try CouponClaimTable.leftWaiting(database, by: order)
            where !Mutant.isOn(.forgetsToRecordEstimates) {
                // Another order's, which is no part of this one's trace.
                try InstrumentationContext.withValue(nil) {
                    try add(database, OutgoingMessage(.repairCoupon, id))
                }
            }
        } else {
            try add(database, OutgoingMessage(.finishOrder, order.id), in: order.lane, delay: Self.pause)
        }
        guard change.isTransition else { return }
        database.afterNextTransaction { [counts] _ in counts[order.status]?.increment() }
    }

    // MARK: Changing what is decided

    /// Changes an order, with messages; nil from `change` leaves it as it is.
    func changing(
        _ id: String, _ change: @escaping @Sendable (inout Order) throws -> [OutgoingMessage]?
    ) -> Commit {
        { database in
            guard var order = try OrderTable.order(database, id: id), let messages = try change(&order)
            else { return }
            try save(database, order)
            try add(database, messages, of: order)
        }
    }

    /// Marks the message of what the order is now as delivered, where it was owed; most orders owe none.
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
}
