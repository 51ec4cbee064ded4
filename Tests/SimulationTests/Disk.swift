import Contracts
import Foundation
import TestSupport

@testable import OrderService
@testable import Queue

/// What order has committed: its store's tables and its queue, as plain values. It survives every crash.
struct Disk {
    struct Row {
        var order: Order
        /// With which it was placed; `byKey` says whether it still finds it.
        let key: String
        var promised: [ItemQuantity] = []
        var isToRelease = false
    }

    enum Placed {
        case new
        case existing(Order)
    }

    private(set) var rows: [String: Row] = [:]
    private(set) var byKey: [String: String] = [:]
    var queue: QueueModel
    /// Of the lanes to which something was added, until they have been rung.
    var bells: Set<Errand.Lane> = []
    let judge: Judge
    let mutant: Mutant?
    let clock: VirtualClock

    init(judge: Judge, clock: VirtualClock, mutant: Mutant?) {
        self.judge = judge
        self.clock = clock
        self.mutant = mutant
        queue = LanePolicy.queue(mutant?.ofQueue)
    }

    /// All of it or nothing.
    mutating func transaction<Value>(_ body: (inout Disk) throws -> Value) rethrows -> Value {
        var changed = self
        changed.queue.now = clock.now
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

    /// Of other orders of the same customer on the same coupon.
    func couponUses(of order: Order, newcomers: Set<String>) -> [CouponUse] {
        rows.values.compactMap { row -> CouponUse? in
            guard row.order.id != order.id, row.order.request.couponCode == order.request.couponCode,
                row.order.request.customerId == order.request.customerId,
                let state = row.order.couponUse ?? (row.isToRelease ? .toRelease : nil),
                !(state == .asked && newcomers.contains(row.order.id))
            else { return nil }
            return CouponUse(orderId: row.order.id, state: state)
        }
        .sorted { $0.orderId < $1.orderId }
    }

    /// Claims of all customers on all coupons, by order id, from the first after `after`.
    func couponUses(after: String, limit: Int) -> [CouponUse] {
        rows.values.compactMap { row -> CouponUse? in
            guard row.order.id > after, row.order.request.couponCode != nil,
                let state = row.order.couponUse ?? (row.isToRelease ? .toRelease : nil)
            else { return nil }
            return CouponUse(orderId: row.order.id, state: state)
        }
        .sorted { $0.orderId < $1.orderId }.prefix(limit).map(\.self)
    }

    mutating func addRelease(_ errand: Errand, _ id: String) {
        if rows[id]?.order.mayHoldCoupon == true { rows[id]?.isToRelease = true }
        add(errand, id)
    }

    mutating func releasedRedemption(_ id: String) { rows[id]?.isToRelease = false }

    /// Whose coupon waited for an order that has now ended.
    private mutating func takeUpWaitingCoupons(_ order: Order) {
        guard order.request.couponCode != nil else { return }
        for use in couponUses(of: order, newcomers: []) where use.state == .toRecord || use.state == .toRedeem {
            let isThere = queue.entries.contains { entry in
                entry.key == Self.number(use.orderId)
                    && [Errand.repairCoupon.number, Errand.refundCoupon.number].contains(entry.kind)
            }
            if !isThere { add(.repairCoupon, use.orderId) }
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
        for assignment in conclusion.errands where !isForgotten(assignment.errand, order) {
            if assignment.errand == .releaseRedemption {
                addRelease(assignment.errand, order.id)
            } else {
                add(assignment.errand, order.id)
            }
        }
        if order.status.isTerminal {
            queue.remove(kind: Errand.finishOrder.number, key: Self.number(order.id))
            takeUpWaitingCoupons(order)
        } else {
            add(.finishOrder, order.id, in: order.lane, delay: Conclusion.pause.milliseconds)
        }
    }

    mutating func add(_ errand: Errand, _ orderId: String, in other: Errand.Lane? = nil, delay: Int64 = 0) {
        let key = Self.number(orderId)
        let lane = other ?? errand.lane
        queue.enqueue(
            lane: lane.number, kind: errand.number, key: key, delay: delay, priority: errand.priority,
            ordered: errand.isOrdered && mutant != .deliversInAnyOrder,
            once: errand == .notifyRefunded ? 100 * key + errand.number : nil)
        bells.insert(lane)
    }

    mutating func hasten(_ errand: Errand, _ orderId: String) {
        queue.hasten(kind: errand.number, key: Self.number(orderId))
        bells.insert(errand.lane)
    }

    private func isForgotten(_ errand: Errand, _ order: Order) -> Bool {
        switch mutant {
        case .forgetsToReleaseAfterADecline:
            order.progress.refusal?.status == 402 && [.releaseReservation, .releaseRedemption].contains(errand)
        case .forgetsToVoidWhenCancelled: order.status == .cancelled && errand == .voidPayment
        case .forgetsToRecordEstimates: errand == .repairCoupon && order.progress.couponDecision == .estimated
        case .keepsTheRedemptionOfASkippedCoupon: order.status == .confirmed && errand == .releaseRedemption
        default: false
        }
    }
}

/// The queue's model knows numbers only.
extension Disk: QueueKeeper {
    static func id(_ number: Int) -> String {
        let digits = String(number)
        // As real ones do, they sort by age.
        return "ord_" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }
    private static func number(_ id: String) -> Int { Int(id.dropFirst(4)) ?? 0 }

    func message(_ claim: QueueModel.Claim) -> Message {
        Message(
            id: Int64(claim.id), kind: Errand.allCases[claim.kind].rawValue, key: Self.id(claim.key), payload: Data(),
            failures: claim.failures, tries: claim.tries, createdAt: 0, priority: 0, isOrdered: false, owner: claim.owner,
            attempt: claim.attempt)
    }

    func extended(_ lease: Lease) {}
    func settled(_ message: Message) {}
}

extension Errand {
    var number: Int { Self.numbers[self] ?? 0 }
    private static let numbers = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}

extension Errand.Lane {
    var number: Int { Self.numbers[self] ?? 0 }
    private static let numbers = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}
