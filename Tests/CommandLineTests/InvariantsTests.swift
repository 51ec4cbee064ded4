import Contracts
import Testing

@testable import CommandLine

/// Each test plants one lie into a correct stack, which exactly one invariant must find.
@Suite struct InvariantsTests {
    /// Two confirmed orders (the first with a coupon and a later refund), one cancelled and undone, one
    /// rejected.
    private let clean = Snapshot.clean

    private func broken(_ snapshot: Snapshot) -> [Int: [String]] {
        snapshot.invariants.reduce(into: [:]) { if !$1.ok { $0[$1.number] = $1.violations.map(\.id) } }
    }

    @Test("a correct stack passes all of them")
    func cleanPasses() {
        #expect(broken(clean).isEmpty)
        #expect(clean.invariants.map(\.number) == Array(1...10))
    }

    @Test("an order that isn't terminal is found", arguments: [OrderStatus.placing, .accepted])
    func unfinished(status: OrderStatus) {
        var snapshot = clean
        snapshot.orders[3].status = status
        #expect(broken(snapshot) == [1: ["rejected"]])
    }

    @Test("a confirmed order without payment is found")
    func unpaid() {
        var snapshot = clean
        snapshot.payments.removeAll { $0.orderId == "plain" }
        #expect(broken(snapshot)[2] == ["plain"])
    }

    @Test("a second payment, another amount, and another refund are found")
    func wrongPayment() {
        var twice = clean
        twice.payments.append(.sample("plain", amount: 500))
        #expect(broken(twice)[2] == ["plain"])
        var amount = clean
        amount.payments[1].amount = 499
        #expect(broken(amount)[2] == ["plain"])
        var refund = clean
        refund.orders[0].refunded = 99
        #expect(broken(refund) == [2: ["coupon"]])
    }

    @Test("a payment of an order that costs nothing is found, and none is required")
    func freeOrder() {
        var snapshot = clean
        snapshot.orders[1].total = 0
        #expect(broken(snapshot) == [2: ["plain"]])
        snapshot.payments.removeAll { $0.orderId == "plain" }
        snapshot.ledger.accounts = [
            .init(account: "cash", currency: "USD", balance: 900),
            .init(account: "sales", currency: "USD", balance: -900),
        ]
        #expect(broken(snapshot).isEmpty)
    }

    @Test("money kept of a cancelled order, and a payment without its order, are found")
    func strayMoney() {
        var kept = clean
        kept.payments[2].refunded = 0
        #expect(broken(kept)[2] == ["cancelled"])
        var orphan = clean
        orphan.payments.append(.sample("unknown", amount: 5, refunded: 5))
        #expect(broken(orphan) == [2: ["unknown"]])
    }

    @Test("a ledger that doesn't sum to 0, or whose cash differs from the payments, is found")
    func ledger() {
        var sum = clean
        sum.ledger.accounts[1].balance += 1
        #expect(broken(sum) == [3: ["ledger"]])
        var said = clean
        said.ledger.totals["USD"] = 1
        #expect(broken(said) == [3: ["ledger"]])
        var cash = clean
        cash.ledger.accounts[0].balance += 7
        cash.ledger.accounts[1].balance -= 7
        #expect(broken(cash) == [3: ["cash"]])
    }

    @Test("two currencies whose errors cancel out are found")
    func currencies() {
        var mixed = clean
        mixed.payments[1].currency = "EUR"
        #expect(broken(mixed) == [3: ["cash", "cash"]])
        mixed.ledger.accounts[0].balance = 900
        mixed.ledger.accounts.append(.init(account: "cash", currency: "EUR", balance: 500))
        #expect(broken(mixed) == [3: ["ledger", "ledger"]])
    }

    @Test("returned goods are counted back, and a refund without money is notified as well")
    func returned() {
        var snapshot = clean
        snapshot.orders[1].refunds = [
            OrderRefund(
                id: "r", cause: .outOfStock, amount: 0, reason: "out of stock",
                items: [ItemQuantity(sku: "A", quantity: 1)],
                pending: [], at: Timestamp(milliseconds: 0))
        ]
        #expect(broken(snapshot) == [4: ["A"], 6: ["plain"]])
        snapshot.stock[0].committed -= 1
        snapshot.stock[0].onHand += 1
        snapshot.notifications.append(.sample("plain", .orderRefunded))
        #expect(broken(snapshot).isEmpty)
        snapshot.orders[1].refunds[0].pending = ["inventory"]
        #expect(broken(snapshot) == [2: ["plain"]])
    }

    @Test("stock that doesn't add up, is still reserved, or is oversold, is found")
    func stock() {
        var lost = clean
        lost.stock[0].onHand -= 1
        #expect(broken(lost) == [4: ["A"]])
        var notCommitted = clean
        notCommitted.stock[0].committed -= 1
        notCommitted.stock[0].onHand += 1
        #expect(broken(notCommitted) == [4: ["A"]])
        var reserved = clean
        reserved.stock[1].reserved = 1
        #expect(broken(reserved) == [4: ["B"]])
        var oversold = clean
        oversold.stock[1].available = -1
        #expect(broken(oversold) == [4: ["B"]])
        var unknown = clean
        unknown.stock.removeFirst()
        #expect(broken(unknown) == [4: ["A"]])
    }

    @Test("a reserved reservation without its order is found; expired and released ones aren't")
    func reservations() {
        var snapshot = clean
        snapshot.reservations.append(.sample("unknown", .expired))
        snapshot.reservations.append(.sample("unknown", .released))
        #expect(broken(snapshot).isEmpty)
        snapshot.reservations.append(.sample("unknown", .reserved))
        #expect(broken(snapshot) == [4: ["unknown"]])
    }

    @Test("a coupon used beyond its limit is found, released redemptions not counted")
    func couponLimit() {
        var snapshot = clean
        snapshot.orders[1].customerId = "alice"
        snapshot.redemptions.append(.sample("plain", customer: "alice", .released))
        #expect(broken(snapshot).isEmpty)
        snapshot.redemptions[1].status = .active
        #expect(broken(snapshot) == [5: ["SAVE"]])
    }

    @Test(
        "two redemptions of one order, one of an order that isn't confirmed, and an unknown coupon are found")
    func strayRedemptions() {
        var twice = clean
        twice.couponLimits["SAVE"] = 2
        twice.redemptions.append(.sample("coupon", customer: "alice", .active))
        #expect(broken(twice) == [5: ["coupon"]])
        var stray = clean
        stray.redemptions.append(.sample("cancelled", customer: "bob", .active))
        #expect(broken(stray) == [5: ["cancelled"]])
        var unknown = clean
        unknown.couponLimits = [:]
        #expect(broken(unknown) == [5: ["SAVE"]])
    }

    @Test("a coupon that a customer had too often is found: as a discount, or recorded later")
    func couponTwice() {
        var snapshot = clean
        snapshot.orders[1].customerId = snapshot.orders[0].customerId
        snapshot.orders[1].couponCode = snapshot.orders[0].couponCode
        #expect(broken(snapshot).isEmpty)
        snapshot.orders[1].discount = 100
        #expect(broken(snapshot) == [9: ["SAVE"]])
        snapshot.couponLimits["SAVE"] = 2
        #expect(broken(snapshot).isEmpty)
    }

    @Test("an estimate by a changed rule is our loss; a coupon that was used up elsewhere is found")
    func lossByRule() {
        var snapshot = clean
        snapshot.orders[1].customerId = snapshot.orders[0].customerId
        snapshot.orders[1].couponCode = snapshot.orders[0].couponCode
        snapshot.orders[1].discount = 100
        for (reason, isBroken) in [("expired", false), ("used up", true)] {
            snapshot.orders[1].degradations = [
                Degradation(
                    dependency: "coupon", effect: .couponEstimated, source: .cache, reason: "timeout",
                    repair: .recordLater,
                    repaired: true, outcome: "the coupon was refused: \(reason); the discount of 100 stays")
            ]
            #expect(broken(snapshot) == (isBroken ? [9: ["SAVE"]] : [:]))
        }
    }

    @Test(
        "a missing or duplicated message is found",
        arguments: [NotificationKind.orderConfirmed, .orderCancelled, .orderRefunded])
    func notifications(kind: NotificationKind) throws {
        let index = try #require(clean.notifications.firstIndex { $0.kind == kind })
        var missing = clean
        let removed = missing.notifications.remove(at: index)
        #expect(broken(missing) == [6: [removed.orderId]])
        var doubled = clean
        doubled.notifications.append(removed)
        #expect(broken(doubled) == [6: [removed.orderId]])
    }

    @Test("a dead letter of any service is found", arguments: ServiceName.allCases)
    func deadLetters(name: ServiceName) {
        var snapshot = clean
        snapshot.dead[name] = [
            DeadMessage(
                id: "1", kind: "commit", key: "plain", tries: 5, reason: "422",
                createdAt: Timestamp(milliseconds: 0))
        ]
        #expect(broken(snapshot) == [7: ["plain"]])
    }

    @Test("a degradation that waits for its repair is found, one without repair isn't")
    func unrepaired() {
        var snapshot = clean
        snapshot.orders[0].degradations[0].repair = .none
        snapshot.orders[0].degradations[0].repaired = false
        #expect(broken(snapshot).isEmpty)
        snapshot.orders[0].degradations[0].repair = .refundLater
        #expect(broken(snapshot) == [8: ["coupon"]])
    }

    @Test("a store older than what a peer knows of it is found, with the orders that only peers know")
    func olderStore() {
        func store(_ commits: Int64, epoch: Int64 = 0, id: String = "a") -> StoreMark {
            StoreMark(id: id, epoch: epoch, commits: commits)
        }
        var snapshot = clean
        for name in ServiceName.allCases { snapshot.stores[name] = store(10) }
        snapshot.seen[.payment] = [ServiceStore(service: "order", store: store(10))]
        #expect(broken(snapshot).isEmpty)
        snapshot.seen[.payment] = [ServiceStore(service: "order", store: store(11))]
        #expect(broken(snapshot) == [10: ["order"]])
        snapshot.reservations.append(.sample("lost", .released))
        #expect(broken(snapshot) == [10: ["order", "lost"]])
        snapshot.stores[.order] = store(3, epoch: 1)
        #expect(broken(snapshot).isEmpty)
        snapshot.stores[.order] = store(20, id: "b")
        #expect(broken(snapshot) == [10: ["order", "lost"]])
        snapshot.stores[.order] = store(20)
        snapshot.seen[.order] = [ServiceStore(service: "coupon", store: store(12))]
        #expect(broken(snapshot) == [10: ["coupon"]])
    }

    @Test("an order deleted as old is not missed; a younger one is, and one still reserved")
    func deletedOrders() {
        let (old, young) = (Timestamp(milliseconds: 1_000_000), Timestamp(milliseconds: 1_000_001))
        var snapshot = clean
        let id = Identifier.make("ord_", at: old)
        snapshot.payments.append(.sample(id, amount: 700))
        snapshot.ledger.accounts[0].balance += 700
        snapshot.ledger.accounts[1].balance -= 700
        snapshot.reservations.append(.sample(id, .committed))
        snapshot.redemptions.append(.sample(id, customer: "dora", .active))
        snapshot.stock[1].onHand -= 2
        snapshot.stock[1].available -= 2
        snapshot.stock[1].committed += 2
        #expect(broken(snapshot) == [2: [id], 4: ["B", id], 5: [id]])
        snapshot.deletedGoods = [ItemQuantity(sku: "B", quantity: 2)]
        snapshot.retention[.order] = [
            RetentionStatus(what: "orders", keptForSeconds: 86_400, deletedUntil: old)
        ]
        #expect(broken(snapshot).isEmpty)

        var later = snapshot
        let other = Identifier.make("ord_", at: young)
        later.reservations.append(.sample(other, .committed))
        later.reservations.append(.sample(id, .reserved))
        #expect(broken(later) == [4: [other, id]])
    }

    @Test("notifications deleted as old are not missed; a surplus one and a later order's are found")
    func deletedNotifications() {
        var snapshot = clean
        snapshot.notifications = []
        #expect(broken(snapshot)[6]?.isEmpty == false)
        snapshot.retention[.notification] = [
            RetentionStatus(
                what: "notifications", keptForSeconds: nil, deletedUntil: Timestamp(milliseconds: 0))
        ]
        #expect(broken(snapshot).isEmpty)
        var later = snapshot
        later.orders[1].createdAt = Timestamp(milliseconds: 1)
        #expect(broken(later) == [6: ["plain"]])
        var twice = snapshot
        twice.notifications = [.sample("plain", .orderConfirmed), .sample("plain", .orderConfirmed)]
        #expect(broken(twice) == [6: ["plain"]])
    }
}
