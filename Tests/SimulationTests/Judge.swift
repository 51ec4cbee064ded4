import Contracts

@testable import OrderService

/// Remembers every effect on the world, apart from those that have it, and says at once which property one of them breaks.
final class Judge {
    private(set) var violation: Violation?
    private var seeded: [String: Int] = [:]
    private var held: [String: [ItemQuantity]] = [:]
    private var everReserved: Set<String> = []
    private var asked: [String: Int] = [:]
    private var captured: [String: Int] = [:]
    private var refunded: [String: Int] = [:]
    private var repairs: Set<String> = []
    private var undone: Set<String> = []
    private var uses: [String: Set<String>] = [:]
    private var told: [String: [NotificationKind]] = [:]
    /// In the order in which they were made.
    private(set) var claims: [String] = []
    private var discounted: [String: Set<String>] = [:]
    /// The coupons' rules; what they take off may change.
    var rules: [String: Coupon] = [:]

    func broken(_ property: Property, _ about: String, _ detail: String) {
        if violation == nil { violation = Violation(property: property, about: about, detail: detail) }
    }

    // MARK: Inventory

    func seeded(_ sku: String, _ quantity: Int) { seeded[sku] = quantity }

    func reserved(_ orderId: String, _ items: [ItemQuantity]) {
        if undone.contains("reservation \(orderId)") { broken(.tombstone, orderId, "reserved after its release") }
        held[orderId] = items
        everReserved.insert(orderId)
        for item in items {
            let sum = held.values.reduce(0) { $0 + $1.reduce(0) { $0 + ($1.sku == item.sku ? $1.quantity : 0) } }
            if sum > seeded[item.sku] ?? 0 {
                broken(.neverOversold, orderId, "\(sum) of \(item.sku) taken, of \(seeded[item.sku] ?? 0)")
            }
        }
    }

    func released(_ orderId: String) {
        undone.insert("reservation \(orderId)")
        held[orderId] = nil
    }

    // MARK: Payment

    func asked(_ orderId: String, _ amount: Int) {
        let before = asked[orderId] ?? amount
        if before != amount { broken(.oneAmount, orderId, "asked for \(before) and for \(amount)") }
        asked[orderId] = amount
    }

    func captured(_ orderId: String, _ amount: Int) {
        if undone.contains("payment \(orderId)") { broken(.tombstone, orderId, "captured after its void") }
        if !everReserved.contains(orderId) { broken(.reservedFirst, orderId, "captured and never reserved") }
        if captured[orderId] != nil { broken(.capturedOnce, orderId, "captured a second time") }
        captured[orderId, default: 0] += amount
    }

    func refunded(_ orderId: String, _ amount: Int, isRepair: Bool) {
        if isRepair, !repairs.insert(orderId).inserted { broken(.refundedOnce, orderId, "repaired a second time") }
        refunded[orderId, default: 0] += amount
        if refunded[orderId, default: 0] > captured[orderId, default: 0] {
            broken(.refundedOnce, orderId, "more refunded than captured")
        }
    }

    func voided(_ orderId: String) { undone.insert("payment \(orderId)") }

    /// Whether money was ever taken for the order.
    func everCaptured(_ orderId: String) -> Bool { captured[orderId] != nil }

    // MARK: Coupon

    func redeemed(_ orderId: String, code: String, customer: String, limit: Int) {
        if undone.contains("redemption \(orderId)") { broken(.tombstone, orderId, "redeemed after its release") }
        let use = "\(code) by \(customer)"
        uses[use, default: []].insert(orderId)
        if uses[use, default: []].count > limit { broken(.withinLimits, orderId, "\(use), limit \(limit)") }
    }

    /// What was lost may be done anew.
    func couponRestored(_ redemptions: some Sequence<Redemption>) {
        uses = [:]
        undone = undone.filter { !$0.hasPrefix("redemption ") }
        for redemption in redemptions {
            if redemption.status == .released { undone.insert("redemption \(redemption.orderId)") }
            guard redemption.status == .active, let code = redemption.code, let customer = redemption.customerId else {
                continue
            }
            uses["\(code) by \(customer)", default: []].insert(redemption.orderId)
        }
    }

    func redemptionReleased(_ orderId: String) {
        undone.insert("redemption \(orderId)")
        for use in uses.keys { uses[use]?.remove(orderId) }
    }

    // MARK: Notification

    func told(_ orderId: String, _ kind: NotificationKind) {
        let before = told[orderId] ?? []
        if before.contains(kind) { broken(.toldOnce, orderId, "told twice: \(kind.rawValue)") }
        let isAfterwards = kind == .orderAccepted ? !before.isEmpty : kind != .orderRefunded && before.contains(.orderRefunded)
        if isAfterwards { broken(.toldInOrder, orderId, "\(kind.rawValue) after \(before.map(\.rawValue))") }
        told[orderId] = before + [kind]
    }

    // MARK: Order

    func saved(_ order: Order, over kept: Order) {
        let (from, to) = (kept.status, order.status)
        let isLegal = from == to || from == .placing || (from == .accepted && (to == .confirmed || to == .cancelled))
        if !isLegal { broken(.legalWay, order.id, "\(from) → \(to)") }
        if from != .placing, kept.document.total != order.document.total {
            broken(.legalWay, order.id, "total \(kept.document.total ?? -1) → \(order.document.total ?? -1)")
        }
        if let code = order.request.couponCode { savedWithCoupon(order, over: kept, code) }
    }

    /// It asks coupon, or was decided without.
    func claimed(_ orderId: String) {
        if !claims.contains(orderId) { claims.append(orderId) }
    }

    private func savedWithCoupon(_ order: Order, over kept: Order, _ code: String) {
        if order.progress.couponDecision != .undecided { claimed(order.id) }
        let use = "\(code) by \(order.request.customerId)"
        let isSale = order.status != .rejected && order.status != .cancelled
        if isSale, order.document.discount > 0 {
            discounted[use, default: []].insert(order.id)
        } else {
            discounted[use, default: []].remove(order.id)
        }
        guard order.isEstimated, !kept.isEstimated else { return }
        if rules[code]?.offline != true { broken(.estimatedOffline, order.id, "\(code) has to be asked for") }
        let (uses, limit) = (discounted[use, default: []].count, rules[code]?.limitPerCustomer ?? 0)
        if uses > limit { broken(.estimatedWithinLimits, order.id, "\(uses) discounts of \(use), limit \(limit)") }
    }

    /// - Parameter free: the last known stock less the margin; nothing more may have been promised.
    func promised(_ orderId: String, _ sku: String, _ sum: Int, free: Int) {
        if sum > free { broken(.promised, orderId, "\(sum) of \(sku) promised, \(free) known") }
    }
}

extension Order {
    /// Its discount is that of a last known rule.
    var isEstimated: Bool { document.degradations.contains { $0.effect == .couponEstimated } }
}
