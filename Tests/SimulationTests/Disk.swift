import Contracts
import Foundation

@testable import OrderService

/// What order has committed: its store's tables and its queue, as plain values. It survives every crash.
struct Disk {
    struct Row {
        var order: Order
        /// With which it was placed; `byKey` says whether it still finds it.
        let key: String
        var promised: [ItemQuantity] = []
    }

    enum Placed {
        case new
        case existing(Order)
    }

    private(set) var rows: [String: Row] = [:]
    private(set) var byKey: [String: String] = [:]
    var queue = QueueModel()
    /// Of the lanes to which something was added, until they have been rung.
    var bells: Set<String> = []
    let judge: Judge
    let mutant: Mutant?
    let clock: VirtualClock

    init(judge: Judge, clock: VirtualClock, mutant: Mutant?) {
        self.judge = judge
        self.clock = clock
        self.mutant = mutant
    }

    /// All of it or nothing.
    mutating func transaction<Value>(_ body: (inout Disk) throws -> Value) rethrows -> Value {
        var changed = self
        let value = try body(&changed)
        self = changed
        return value
    }

    func order(_ id: String) -> Order? { rows[id]?.order }

    // MARK: As OrderStore has it

    mutating func insert(_ order: Order, key: String) -> Placed {
        if let id = byKey[key], let row = rows[id] { return .existing(row.order) }
        rows[order.id] = Row(order: order, key: key)
        byKey[key] = order.id
        return .new
    }

    mutating func save(_ order: Order) throws {
        guard let kept = rows[order.id]?.order else { throw OrderChanged() }
        guard kept.version == order.version || mutant == .ignoresTheVersion else { throw OrderChanged() }
        judge.saved(order, over: kept)
        var saved = order
        saved.version = kept.version + 1
        rows[order.id]?.order = saved
        guard order.isPricedAsOfOld else { return }
        let isPromised = order.status == .accepted && order.hasUnverifiedStock
        rows[order.id]?.promised =
            isPromised ? order.document.items.map { ItemQuantity(sku: $0.sku, quantity: $0.quantity) } : []
    }

    mutating func forgetKey(_ id: String) {
        guard let key = rows[id]?.key else { return }
        byKey[key] = nil
    }

    func promised(_ sku: String) -> Int {
        rows.values.reduce(0) { sum, row in
            sum + row.promised.reduce(0) { $0 + ($1.sku == sku ? $1.quantity : 0) }
        }
    }

    func uncovered(_ order: Order, known: [String: Int], margin: Int) -> [ShortSKU] {
        order.document.items.compactMap { line in
            let available = known[line.sku] ?? 0
            let taken = mutant == .forgetsPromises ? 0 : promised(line.sku)
            let free = max(0, available - (available * margin + 99) / 100 - taken)
            return line.quantity <= free ? nil : ShortSKU(sku: line.sku, requested: line.quantity, available: free)
        }
    }

    // MARK: As Conclusion and Errands have it

    mutating func commit(_ conclusion: Conclusion) throws {
        try commitOrder(conclusion)
        commitMessages(conclusion)
    }

    mutating func commitOrder(_ conclusion: Conclusion) throws {
        try save(conclusion.order)
        if conclusion.freesKey { forgetKey(conclusion.order.id) }
    }

    mutating func commitMessages(_ conclusion: Conclusion) {
        let order = conclusion.order
        for assignment in conclusion.errands where !isForgotten(assignment.errand, order) { add(assignment, order.id) }
        if order.status.isTerminal {
            queue.remove(kind: Errand.finishOrder.rawValue, key: order.id, now: clock.now)
        } else {
            hasten(.finishOrder, order.id)
        }
    }

    mutating func add(_ assignment: Conclusion.Assignment, _ orderId: String) {
        let errand = assignment.errand
        let once = errand.lane == .notification ? "\(orderId):\(errand.rawValue)" : nil
        add(errand, orderId, assignment, once: once)
    }

    mutating func add(
        _ errand: Errand, _ orderId: String, _ assignment: Conclusion.Assignment? = nil, delay: Int64 = 0,
        once id: String? = nil
    ) {
        queue.enqueue(
            lane: errand.lane.rawValue, kind: errand.rawValue, key: orderId, payload: assignment?.payload ?? .init(),
            delay: delay, priority: errand.priority, isOrdered: errand.isOrdered && mutant != .deliversInAnyOrder, once: id,
            now: clock.now)
        bells.insert(errand.lane.rawValue)
    }

    mutating func hasten(_ errand: Errand, _ orderId: String) {
        bells.insert(errand.lane.rawValue)
        queue.hasten(kind: errand.rawValue, key: orderId, now: clock.now)
    }

    private func isForgotten(_ errand: Errand, _ order: Order) -> Bool {
        switch mutant {
        case .forgetsToReleaseAfterADecline:
            order.progress.refusal?.status == 402 && [.releaseReservation, .releaseRedemption].contains(errand)
        case .forgetsToVoidWhenCancelled: order.status == .cancelled && errand == .voidPayment
        case .keepsTheRedemptionOfASkippedCoupon: order.status == .confirmed && errand == .releaseRedemption
        default: false
        }
    }
}
