import Contracts
import Foundation
import GRDB
import Storage

/// Sees every commit of the services, tracks their state, and reports at once which property a commit breaks.
/// It doesn't rely on the services' own checks.
final class Judge {
    private(set) var violation: Violation?
    private let seeded: [String: Int]
    private let limits: [String: Int]
    private let offline: Set<String>
    private var held: [String: [ItemQuantity]] = [:]
    private var everReserved: Set<String> = []
    /// Of each reservation, its price by SKU.
    private var prices: [String: [String: Int]] = [:]
    private var asked: [String: Int] = [:]
    private var captured: [String: Int] = [:]
    private var refunded: [String: Int] = [:]
    private var couponRefunds: Set<String> = []
    private var undone: Set<String> = []
    private var uses: [String: Set<String>] = [:]
    private var told: [String: [String]] = [:]
    private var promises: [String: [String: Int]] = [:]
    /// When each order was written ahead, by the simulation's clock.
    private(set) var placed: [String: Int64] = [:]
    private var discounted: [String: Set<String>] = [:]
    private var estimated: Set<String> = []
    /// When each order last called coupon, and when it was decided what its coupon does.
    private var couponCalls: [String: Int] = [:]
    private var couponDecisions: [String: Int] = [:]
    /// Of what was ever redeemed, when that was asked for.
    private var redeemed: [String: Int] = [:]
    /// Orders whose coupon was refused after they were confirmed, since it was used up.
    private var usedUpLate: Set<String> = []
    /// Of each use, its orders: when each was placed, and when it came to nothing.
    private var claimants: [String: [String: (placed: Int, ended: Int?)]] = [:]
    /// Numbers what is compared in time.
    private var moments = 0
    /// What was refunded past order.
    private(set) var byHand: [String: Int] = [:]
    /// Whether inventory's process is too young to let go what was reserved before it began.
    var isInGrace: () -> Bool = { false }

    /// The reason of a refund past order.
    static let refundedByHand = "by hand"

    init(stock: [String: Int], limits: [String: Int], offline: Set<String>) {
        seeded = stock
        self.limits = limits
        self.offline = offline
    }

    func broken(_ property: Property, _ about: String, _ detail: String) {
        if violation == nil { violation = Violation(property: property, about: about, detail: detail) }
    }

    // MARK: Watched changes

    private static let table = """
        CREATE TEMP TABLE IF NOT EXISTS watched (
            what TEXT, id TEXT, was TEXT, now TEXT, number INTEGER, before INTEGER, note TEXT, flag INTEGER)
        """

    private static let orderNow = """
        json_extract(CAST(new.document AS TEXT), '$.total'),
        json_extract(CAST(old.document AS TEXT), '$.total'),
        json_extract(CAST(new.request AS TEXT), '$.couponCode') || ' by ' || new.customer_id,
        (json_extract(CAST(new.document AS TEXT), '$.discount') > 0)
        + 2 * (instr(CAST(new.document AS TEXT), '"coupon-estimated"') > 0)
        + 4 * (json_extract(CAST(new.progress AS TEXT), '$.couponDecision') <> 'undecided')
        + 8 * (json_extract(CAST(new.progress AS TEXT), '$.refusal.code') IS 'invalid-request')
        + 16 * (json_extract(CAST(new.progress AS TEXT), '$.refusal.reason') IS 'used up')
        + 32 * (instr(CAST(new.document AS TEXT), 'used up') > 0)
        """

    /// The recorded changes by service.
    private static let triggers: [String: [(event: String, values: String)]] = [
        "inventory": [
            (
                "INSERT ON main.reservations",
                "'reservation', new.order_id, NULL, new.status, NULL, NULL, new.items, NULL"
            ),
            (
                "UPDATE ON main.reservations",
                "'reservation', new.order_id, old.status, new.status, NULL, NULL, new.items, NULL"
            ),
        ],
        "payment": [
            (
                "INSERT ON main.entries WHEN new.account = 'cash'",
                """
                'cash', (SELECT order_id FROM main.payments WHERE id = new.payment_id), NULL, NULL, \
                new.amount, NULL, NULL, NULL
                """
            ),
            (
                "INSERT ON main.payments",
                "'payment', new.order_id, NULL, new.status, new.amount, NULL, NULL, NULL"
            ),
            (
                "UPDATE ON main.payments",
                "'payment', new.order_id, old.status, new.status, new.amount, NULL, NULL, NULL"
            ),
            (
                "INSERT ON main.refunds",
                """
                'refund', (SELECT order_id FROM main.payments WHERE id = new.payment_id), NULL, NULL, \
                new.amount, NULL, new.reason, NULL
                """
            ),
        ],
        "coupon": [
            (
                "INSERT ON main.redemptions",
                """
                'redemption', new.order_id, NULL, new.status, NULL, NULL, new.code || ' by ' || \
                new.customer_id, NULL
                """
            ),
            (
                "UPDATE ON main.redemptions",
                """
                'redemption', new.order_id, old.status, new.status, NULL, NULL, new.code || ' by ' || \
                new.customer_id, NULL
                """
            ),
        ],
        "notification": [
            ("INSERT ON main.notifications", "'told', new.order_id, NULL, new.kind, NULL, NULL, new.id, NULL")
        ],
        "order": [
            (
                "INSERT ON main.orders",
                """
                'placed', new.id, NULL, NULL, NULL, NULL,
                json_extract(CAST(new.request AS TEXT), '$.couponCode') || ' by ' || new.customer_id, NULL
                """
            ),
            ("UPDATE ON main.orders", "'order', new.id, old.status, new.status, \(orderNow)"),
            (
                "INSERT ON main.promises",
                "'promise', new.order_id, NULL, NULL, new.quantity, NULL, new.sku, NULL"
            ),
            ("DELETE ON main.promises", "'promise', old.order_id, NULL, NULL, 0, NULL, old.sku, NULL"),
        ],
    ]

    /// Records later changes of the service in a temporary table of the connection.
    static func watch(_ service: String, _ database: Database) throws {
        try database.execute(sql: table)
        for (number, trigger) in (triggers[service] ?? []).enumerated() {
            try database.execute(
                sql: """
                    CREATE TEMP TRIGGER IF NOT EXISTS watch_\(number) AFTER \(trigger.event) BEGIN
                    INSERT INTO watched VALUES (\(trigger.values)); END
                    """)
        }
    }

    /// Checks the last commit.
    func check(_ database: Database) throws {
        let rows = try database.rows("SELECT * FROM temp.watched ORDER BY rowid")
        guard !rows.isEmpty else { return }
        try database.run("DELETE FROM temp.watched")
        for row in rows {
            let id: String = row["id"] ?? "?"
            switch row["what"] as String {
            case "reservation": reservation(id, row["was"], row["now"], items: row["note"])
            case "cash": cash(id, row["number"])
            case "payment": payment(id, row["now"])
            case "refund": refund(id, row["number"], reason: row["note"])
            case "redemption": redemption(id, row["now"], use: row["note"])
            case "told": told(id, row["now"])
            case "order": order(id, row)
            case "placed": placed(id, use: row["note"])
            case "promise": promise(id, row["note"], row["number"])
            default: break
            }
        }
    }

    /// Records an undoing that a service has acknowledged.
    func answered(_ method: String, _ path: String, _ body: [UInt8]?, by service: String, status: Int) {
        guard method == "POST", status == 200 else { return }
        if path.hasSuffix("/release"), let id = path.split(separator: "/").dropFirst().first {
            undone.insert("\(service == "coupon" ? "redemption" : "reservation") \(id)")
        }
        if path == "/payments/void", let asked = try? JSON.decode(VoidRequest.self, from: Data(body ?? [])) {
            undone.insert("payment \(asked.orderId)")
        }
    }

    // MARK: Inventory

    private func reservation(_ orderId: String, _ former: String?, _ status: String, items: Data) {
        if former == "reserved", status == "expired", isInGrace() {
            broken(.heldInGrace, orderId, "its reservation lapsed just after the start")
        }
        switch status {
        case "reserved", "committed":
            if undone.contains("reservation \(orderId)") {
                broken(.tombstone, orderId, "reserved after its release")
            }
            let reserved = (try? JSON.decode([ReservedItem].self, from: items)) ?? []
            held[orderId] = reserved.map { ItemQuantity(sku: $0.sku, quantity: $0.quantity) }
            everReserved.insert(orderId)
            let now = Dictionary(reserved.map { ($0.sku, $0.unitPrice) }) { first, _ in first }
            if former == "reserved", let before = prices[orderId],
                now.contains(where: { $0.value != before[$0.key] })
            {
                broken(.pricesHeld, orderId, "reserved at \(before), and at \(now)")
            }
            prices[orderId] = now
            for item in reserved {
                let sum = held.values.reduce(0) {
                    $0 + $1.reduce(0) { $0 + ($1.sku == item.sku ? $1.quantity : 0) }
                }
                if sum > seeded[item.sku] ?? 0 {
                    broken(
                        .neverOversold, orderId, "\(sum) of \(item.sku) taken, of \(seeded[item.sku] ?? 0)")
                }
            }
        default:
            if status == "released" { undone.insert("reservation \(orderId)") }
            held[orderId] = nil
        }
    }

    // MARK: Payment

    /// Order requests a capture of the amount.
    func asked(_ orderId: String, _ amount: Int) {
        let before = asked[orderId] ?? amount
        if before != amount { broken(.oneAmount, orderId, "asked for \(before) and for \(amount)") }
        asked[orderId] = amount
    }

    private func cash(_ orderId: String, _ amount: Int) {
        guard amount > 0 else {
            refunded[orderId, default: 0] -= amount
            if refunded[orderId, default: 0] > captured[orderId, default: 0] {
                broken(.refundedOnce, orderId, "more refunded than captured")
            }
            return
        }
        if undone.contains("payment \(orderId)") { broken(.tombstone, orderId, "captured after its void") }
        if !everReserved.contains(orderId), !orderId.hasPrefix(OtherShop.prefix) {
            broken(.reservedFirst, orderId, "captured and never reserved")
        }
        if captured[orderId] != nil { broken(.capturedOnce, orderId, "captured a second time") }
        captured[orderId, default: 0] += amount
    }

    private func payment(_ orderId: String, _ status: String) {
        if status == "voided" { undone.insert("payment \(orderId)") }
    }

    private func refund(_ orderId: String, _ amount: Int, reason: String) {
        if reason == Self.refundedByHand { byHand[orderId, default: 0] += amount }
        guard reason.hasPrefix("coupon") else { return }
        if !couponRefunds.insert(orderId).inserted {
            broken(.refundedOnce, orderId, "its coupon is refunded a second time")
        }
    }

    /// Whether money was ever taken for the order.
    func everCaptured(_ orderId: String) -> Bool { captured[orderId] != nil }

    // MARK: Coupon

    private func redemption(_ orderId: String, _ status: String, use: String?) {
        guard status == "active", let use, let code = use.split(separator: " ").first.map(String.init) else {
            undone.insert("redemption \(orderId)")
            for use in uses.keys { uses[use]?.remove(orderId) }
            return
        }
        if undone.contains("redemption \(orderId)") {
            broken(.tombstone, orderId, "redeemed after its release")
        }
        uses[use, default: []].insert(orderId)
        if redeemed[orderId] == nil { redeemed[orderId] = couponCalls[orderId] ?? moments }
        if let limit = limits[code], uses[use, default: []].count > limit {
            broken(.withinLimits, orderId, "\(use), limit \(limit)")
        }
    }

    /// Coupon's store is an older copy now: lost redemptions may be repeated.
    func couponRestored(_ database: Database) throws {
        uses = [:]
        undone = undone.filter { !$0.hasPrefix("redemption ") }
        for row in try database.rows("SELECT order_id, status, code, customer_id FROM redemptions") {
            let id: String = row[0]
            if row[1] == "released" {
                undone.insert("redemption \(id)")
            } else {
                uses["\(row[2] as String) by \(row[3] as String)", default: []].insert(id)
            }
        }
    }

    /// Order tells coupon what it has lost.
    func reconciled(_ orderIds: [String]) {
        for id in orderIds where redeemed[id] == nil {
            broken(.reconciled, id, "its coupon was never redeemed")
        }
    }

    // MARK: Notification

    private func told(_ orderId: String, _ kind: String) {
        let before = told[orderId] ?? []
        if kind != "order-refunded", before.contains(kind) {
            broken(.toldOnce, orderId, "told twice: \(kind)")
        }
        let isLate =
            kind == "order-accepted"
            ? !before.isEmpty : kind != "order-refunded" && before.contains("order-refunded")
        if isLate { broken(.toldInOrder, orderId, "\(kind) after \(before)") }
        told[orderId] = before + [kind]
    }

    // MARK: Order

    /// An order calls coupon.
    func calledCoupon(_ orderId: String) {
        moments += 1
        couponCalls[orderId] = moments
    }

    /// Whether an order had taken its use of the coupon before another was promised one.
    func tookCoupon(_ orderId: String, before promised: String) -> Bool {
        let taken = min(redeemed[orderId] ?? .max, couponDecisions[orderId] ?? .max)
        return taken < couponDecisions[promised] ?? .max
    }

    private func placed(_ id: String, use: String?) {
        placed[id] = Scheduler.shared.now
        moments += 1
        if let use { claimants[use, default: [:]][id] = (moments, nil) }
    }

    /// It has come to nothing.
    private func ended(_ id: String, _ use: String, isUsedUp: Bool, limit: Int) {
        guard let own = claimants[use]?[id], own.ended == nil else { return }
        moments += 1
        claimants[use]?[id]?.ended = moments
        if isUsedUp { usedUp(id, use, limit: limit) }
    }

    /// Its coupon was refused: others that had not come to nothing before it must have used it up.
    private func usedUp(_ id: String, _ use: String, limit: Int) {
        guard let own = claimants[use]?[id] else { return }
        let others = claimants[use, default: [:]].filter {
            $0.key != id && $0.value.ended ?? .max > own.placed
        }
        if others.count < limit {
            broken(.couponFree, id, "\(use) is used up, limit \(limit), by \(others.keys.sorted())")
        }
    }

    private func order(_ id: String, _ row: Row) {
        let (from, to): (String, String) = (row["was"], row["now"])
        let isLegal =
            from == to || from == "placing"
            || (from == "accepted" && (to == "confirmed" || to == "cancelled"))
        if !isLegal { broken(.legalWay, id, "\(from) → \(to)") }
        let (before, total): (Int?, Int?) = (row["before"], row["number"])
        if from != "placing", before != total {
            broken(.legalWay, id, "total \(before ?? -1) → \(total ?? -1)")
        }
        let flag: Int = row["flag"] ?? 0
        if flag & 8 > 0, from == "placing", total == 0 {
            broken(.nothingToPay, id, "refused for want of a means of payment")
        }
        guard let use = row["note"] as String?, let code = use.split(separator: " ").first.map(String.init)
        else { return }
        if flag & 4 > 0, couponDecisions[id] == nil {
            moments += 1
            couponDecisions[id] = moments
        }
        let isSale = to != "rejected" && to != "cancelled"
        if flag & 32 > 0, usedUpLate.insert(id).inserted { usedUp(id, use, limit: limits[code] ?? 0) }
        if !isSale { ended(id, use, isUsedUp: flag & 16 > 0, limit: limits[code] ?? 0) }
        if isSale, flag & 1 > 0 {
            discounted[use, default: []].insert(id)
        } else {
            discounted[use, default: []].remove(id)
        }
        guard flag & 2 > 0, estimated.insert(id).inserted else { return }
        if !offline.contains(code) { broken(.estimatedOffline, id, "\(code) has to be asked for") }
        let (uses, limit) = (discounted[use, default: []].count, limits[code] ?? 0)
        if uses > limit { broken(.estimatedWithinLimits, id, "\(uses) discounts of \(use), limit \(limit)") }
    }

    private func promise(_ orderId: String, _ sku: String, _ quantity: Int) {
        promises[sku, default: [:]][orderId] = quantity > 0 ? quantity : nil
        let sum = promises[sku, default: [:]].values.reduce(0, +)
        if sum > seeded[sku] ?? 0 {
            broken(.promised, orderId, "\(sum) of \(sku) promised, of \(seeded[sku] ?? 0)")
        }
    }
}
