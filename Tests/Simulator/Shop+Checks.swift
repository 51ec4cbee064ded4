import Contracts
import Foundation
import GRDB
import Storage

/// The checks once all queues are empty: the contract's invariants and the customers' answers, read from the
/// stores by separate queries.
extension Shop {
    private struct Kept {
        var document: OrderDocument
        var key: String?
        var refusal: ProblemDocument?
        var redeemed: Redeemed?
        var paid: Paid?

        var isEstimated: Bool { document.degradations.contains { $0.effect == .couponEstimated } }
        var isSkipped: Bool { document.degradations.contains { $0.effect == .couponSkipped } }
        /// Coupon refused it later, since others had used it up.
        var isUsedUp: Bool {
            document.degradations.contains {
                $0.outcome?.contains("coupon-used") == true || $0.outcome?.contains("used up") == true
            }
        }
        var hasUsedCoupon: Bool { redeemed?.isActive == true || (isUsedUp && document.discount > 0) }
    }
    private struct Redeemed {
        var isActive: Bool
        var discount: Int
        var use: String
    }
    private struct Paid {
        var amount: Int
        var refunded: Int
    }
    private struct Progress: Decodable {
        var refusal: ProblemDocument?
        var timeline: [TimelineEntry]
    }

    private func rows(_ machine: String, _ sql: String) throws -> [Row] {
        try self.machine(machine)?.disk.database.unsafeRead { try $0.rows(sql) } ?? []
    }

    /// Timeline entries that occurred: others are untested.
    func reached() throws -> Set<String> {
        try rows("order", "SELECT progress FROM orders WHERE progress IS NOT NULL").reduce(into: []) {
            reached, row in
            for entry in try JSON.decode(Progress.self, from: row[0]).timeline {
                let isTold = entry.step == "cancel" || entry.step == "repair"
                let detail = entry.detail.replacing(/[0-9]+/, with: "N")
                reached.insert(isTold ? "\(entry.step): \(detail)" : "\(entry.step) \(entry.outcome)")
            }
        }
    }

    func checkDrained() throws {
        for row in try rows(
            "order", "SELECT id, status FROM orders WHERE status IN ('placing', 'accepted') ORDER BY id")
        {
            judge.broken(.terminal, row[0], "is \(row[1] as String)")
        }
        let orders = try orders()
        for order in orders.values.sorted(by: { $0.document.id < $1.document.id }) { check(order) }
        try checkPayments(orders)
        try checkStock(orders)
        try checkCoupons(orders)
        try checkNotifications(orders)
        for machine in machines {
            for row in try rows(machine.name, "SELECT kind, key, state, reason FROM queue") {
                let (kind, key, state): (String, String, String) = (row[0], row[1], row[2])
                let reason: String = row[3] ?? ""
                judge.broken(
                    state == "dead" ? .noDeadLetters : .drained, key,
                    "\(machine.name): \(kind) is \(state) \(reason)")
            }
        }
        checkCouponRules(orders)
        for person in people {
            for reply in person.told { check(reply, orders) }
        }
    }

    /// Half a minute after the faults, without orders that were just placed.
    func checkDecided() throws {
        for row in try rows(
            "order", "SELECT id, status FROM orders WHERE status IN ('placing', 'accepted') ORDER BY id")
        {
            let id: String = row[0]
            guard judge.placed[id] ?? 0 < scheduler.now - 40_000_000_000 else { continue }
            judge.broken(.decided, id, "is still \(row[1] as String)")
        }
    }

    private func orders() throws -> [String: Kept] {
        var orders: [String: Kept] = [:]
        for row in try rows(
            "order", "SELECT id, idempotency_key, status, document, progress FROM orders ORDER BY id")
        {
            let id: String = row[0]
            guard let document = row[3] as Data? else { continue }
            let progress = try JSON.decode(Progress.self, from: row[4])
            orders[id] = Kept(
                document: try JSON.decode(OrderDocument.self, from: document), key: row[1],
                refusal: progress.refusal)
        }
        for row in try rows("payment", "SELECT order_id, amount, refunded FROM payments WHERE amount > 0") {
            let id: String = row[0]
            if id.hasPrefix(OtherShop.prefix) { continue }
            if orders[id] == nil { judge.broken(.paid, id, "is paid, and is no order") }
            orders[id]?.paid = Paid(amount: row[1], refunded: row[2])
        }
        for row in try rows("coupon", "SELECT order_id, status, discount, code, customer_id FROM redemptions")
        {
            let (id, status): (String, String) = (row[0], row[1])
            guard status == "active" || orders[id] != nil else { continue }
            if orders[id] == nil { judge.broken(.coupons, id, "uses a coupon, and is no order") }
            let (code, customer): (String?, String?) = (row[3], row[4])
            orders[id]?.redeemed = Redeemed(
                isActive: status == "active", discount: row[2], use: "\(code ?? "?") by \(customer ?? "?")")
        }
        return orders
    }

    private func check(_ order: Kept) {
        let document = order.document
        if !document.pending.isEmpty {
            judge.broken(.drained, document.id, "still has \(document.pending) pending")
        }
        // Freed for the customer's next try, since nothing was done.
        let isFree = order.refusal?.status == 503 || order.refusal?.code == "invalid-request"
        if order.key == nil, !isFree || judge.everCaptured(document.id) {
            judge.broken(.oneOrderAKey, document.id, "has lost its key, and is more than a record")
        }
        for degradation in document.degradations where degradation.repair != .none && !degradation.repaired {
            judge.broken(.repaired, document.id, "\(degradation.effect) is not repaired")
        }
        // As a discount or as a refund. An estimate that was too high isn't taken back.
        if let redeemed = order.redeemed, redeemed.isActive {
            let given =
                document.discount
                + document.refunds.filter { $0.cause == .coupon }.reduce(0) { $0 + $1.amount }
            let owed = order.isEstimated ? max(document.discount, redeemed.discount) : redeemed.discount
            // After a full refund by an operator nothing is left to give.
            let isPaidBack = order.paid.map { $0.refunded == $0.amount } ?? false
            if given != owed, !isPaidBack {
                judge.broken(.couponWorth, document.id, "\(given) given, worth \(redeemed.discount)")
            }
        }
    }

    private func checkPayments(_ orders: [String: Kept]) throws {
        for order in orders.values.sorted(by: { $0.document.id < $1.document.id }) {
            let document = order.document
            if document.status == .confirmed {
                let total = document.total ?? -1
                if order.paid?.amount ?? 0 != total {
                    judge.broken(.paid, document.id, "costs \(total), paid \(order.paid?.amount ?? 0)")
                }
                let refunded = order.paid?.refunded ?? 0
                // What was refunded past order it learns of by its next refund.
                let unknown = refunded - document.refunded
                if !(0...(judge.byHand[document.id] ?? 0)).contains(unknown) {
                    judge.broken(
                        .paid, document.id, "says refunded \(document.refunded), its payment \(refunded)")
                }
            } else if let paid = order.paid, paid.amount != paid.refunded {
                judge.broken(
                    .paid, document.id,
                    "is \(document.status), yet \(paid.amount) captured, \(paid.refunded) refunded")
            }
        }
        let kept: [String: Int] = try rows(
            "payment",
            "SELECT currency, sum(amount - refunded) FROM payments WHERE amount > 0 GROUP BY currency"
        ).reduce(into: [:]) { $0[$1[0]] = $1[1] }
        let balances = try rows(
            "payment",
            """
            SELECT currency, sum(balance), sum(iif(account = 'cash', balance, 0)) FROM balances
            GROUP BY currency
            """)
        for row in balances {
            let (currency, sum, cash): (String, Int, Int) = (row[0], row[1], row[2])
            if sum != 0 { judge.broken(.ledger, "the ledger", "sums to \(sum) \(currency)") }
            if cash != kept[currency] ?? 0 {
                judge.broken(
                    .ledger, "the ledger",
                    "has \(cash) \(currency) in cash, \(kept[currency] ?? 0) kept of payments")
            }
        }
    }

    private func checkStock(_ orders: [String: Kept]) throws {
        var sold: [String: Int] = [:]
        for order in orders.values where order.document.status == .confirmed {
            let returned = order.document.refunds.flatMap(\.items)
            for line in order.document.items { sold[line.sku, default: 0] += line.quantity }
            for line in returned { sold[line.sku, default: 0] -= line.quantity }
        }
        for row in try rows(
            "inventory", "SELECT sku, seeded, on_hand, reserved, committed FROM stock ORDER BY sku")
        {
            let (sku, seeded, onHand, reserved, committed): (String, Int, Int, Int, Int) = (
                row[0], row[1], row[2], row[3], row[4]
            )
            if onHand + committed != seeded || onHand < reserved {
                judge.broken(
                    .stock, sku,
                    "\(onHand) on hand, \(committed) committed, \(reserved) reserved of \(seeded)")
            }
            if reserved != 0 {
                judge.broken(.stock, try holder(of: sku), "\(reserved) of \(sku) still reserved")
            }
            if committed != sold[sku] ?? 0 {
                judge.broken(
                    .stock, try mismatch(orders) ?? sku,
                    "\(committed) of \(sku) committed, \(sold[sku] ?? 0) sold")
            }
        }
    }

    private func holder(of sku: String) throws -> String {
        try rows("inventory", "SELECT order_id FROM reservations WHERE \(Self.isReserved) ORDER BY order_id")
            .first?[0] ?? sku
    }

    /// A confirmed order whose reservation isn't committed, or a committed reservation of another order.
    private func mismatch(_ orders: [String: Kept]) throws -> String? {
        let committed = Set(
            try rows("inventory", "SELECT order_id FROM reservations WHERE status = 'committed'").map {
                $0[0] as String
            })
        let confirmed = Set(orders.values.filter { $0.document.status == .confirmed }.map(\.document.id))
        return committed.symmetricDifference(confirmed).min()
    }

    private func checkCoupons(_ orders: [String: Kept]) throws {
        var uses: [String: [String]] = [:]
        for order in orders.values.sorted(by: { $0.document.id < $1.document.id }) {
            guard let redeemed = order.redeemed, redeemed.isActive else { continue }
            if order.document.status != .confirmed {
                judge.broken(.coupons, order.document.id, "is \(order.document.status), and uses a coupon")
            }
            uses[redeemed.use, default: []].append(order.document.id)
        }
        for (use, orders) in uses.sorted(by: { $0.key < $1.key }) {
            let limit = Catalogue.limits[String(use.prefix { $0 != " " })] ?? 0
            if orders.count > limit {
                judge.broken(.coupons, orders.last ?? use, "\(use) in \(orders), limit \(limit)")
            }
        }
    }

    private func checkCouponRules(_ orders: [String: Kept]) {
        let confirmed = orders.values.filter { $0.document.status == .confirmed }
            .sorted { $0.document.id < $1.document.id }
        let groups = Dictionary(grouping: confirmed) {
            "\($0.document.couponCode ?? "?") by \($0.document.customerId)"
        }
        for (use, orders) in groups.sorted(by: { $0.key < $1.key }) {
            guard let limit = Catalogue.limits[String(use.prefix { $0 != " " })] else { continue }
            let used = orders.filter(\.hasUsedCoupon)
            if used.count > limit, let last = used.last {
                judge.broken(
                    .couponRule, last.document.id,
                    "\(used.count) uses, limit \(limit): \(story(use, orders))")
            }
            for order in orders where order.isUsedUp && !order.hasUsedCoupon {
                // Other promises count as well.
                let earlier = used.count {
                    $0.isSkipped || judge.tookCoupon($0.document.id, before: order.document.id)
                }
                if earlier < limit {
                    judge.broken(
                        .couponPromise, order.document.id,
                        "refused with \(earlier) earlier uses, limit \(limit): \(story(use, orders))")
                }
            }
        }
    }

    private func story(_ use: String, _ orders: [Kept]) -> String {
        "\(use): "
            + orders.map { order in
                let outcome =
                    order.document.degradations.compactMap(\.outcome).first { $0.contains("coupon") } ?? "-"
                let state = order.redeemed.map { $0.isActive ? "active" : "released" } ?? "-"
                return
                    """
                    \(order.document.id) \(order.document.status) −\(order.document.discount) \(state) \
                    “\(outcome)”
                    """
            }
            .joined(separator: ", ")
    }

    private func checkNotifications(_ orders: [String: Kept]) throws {
        var told: [String: Int] = [:]
        for row in try rows("notification", "SELECT order_id, kind FROM notifications") {
            told["\(row[0] as String) \(row[1] as String)", default: 0] += 1
        }
        func check(_ order: Kept, _ kind: String, _ expected: Int) {
            let count = told["\(order.document.id) \(kind)"] ?? 0
            if count != expected {
                judge.broken(.told, order.document.id, "has \(count) notifications \(kind), not \(expected)")
            }
        }
        for order in orders.values.sorted(by: { $0.document.id < $1.document.id }) {
            switch order.document.status {
            case .confirmed:
                check(order, "order-confirmed", 1)
                check(order, "order-refunded", order.document.refunds.count { $0.outcome == nil })
            case .cancelled: check(order, "order-cancelled", 1)
            case .placing, .accepted, .rejected: break
            }
        }
    }

    private func check(_ reply: Customer.Reply, _ orders: [String: Kept]) {
        switch reply {
        case .order(let told, _):
            guard let order = orders[told.id]?.document else {
                return judge.broken(.clientTold, told.id, "told \(told.status), and isn't there")
            }
            if told.status.isTerminal, order.status != told.status {
                judge.broken(.clientTold, told.id, "told \(told.status), and is \(order.status)")
            }
            if let total = told.total, order.total != total {
                judge.broken(.clientTold, told.id, "told \(total), and costs \(order.total ?? -1)")
            }
        case .problem(let problem):
            // A cancelled order is named in the detail.
            let named = problem.detail.firstMatch(of: /ord_[0-9A-Z]+/).map { String($0.output) }
            guard let id = problem.orderId ?? (problem.code == "order-cancelled" ? named : nil),
                problem.code != "request-in-progress"
            else { return }
            let expected: OrderStatus = problem.code == "order-cancelled" ? .cancelled : .rejected
            if let order = orders[id]?.document, order.status != expected {
                judge.broken(.clientTold, id, "told \(problem.code), and is \(order.status)")
            }
        }
    }
}
