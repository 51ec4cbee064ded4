import Contracts
import Testing

@testable import CommandLine
@testable import StackView

@Suite struct OrderFeedTests {
    private let wall = Timestamp(milliseconds: 1_767_614_584_000)

    private func order(_ id: String, _ outcome: String? = nil, repair: Degradation.Repair = .refundLater)
        -> OrderDocument
    {
        let degradation = Degradation(
            dependency: "coupon", effect: .couponSkipped, source: .none, reason: "circuit-open",
            repair: repair,
            repaired: outcome != nil, outcome: outcome)
        return OrderDocument(
            id: id, status: .confirmed, customerId: "H1", items: [], currency: "USD", subtotal: 1,
            discount: 0, total: 1,
            refunded: 0, couponCode: "C", pending: [], degradations: [degradation], createdAt: wall,
            updatedAt: wall.advanced(by: .seconds(9)))
    }

    private func snapshot(_ orders: [OrderDocument]) -> StackSnapshot {
        StackSnapshot(at: .now, wall: wall, services: [], orders: orders)
    }

    @Test("a degradation is reported once, with the time of its repair")
    func reported() {
        var news = OrderFeed()
        let first = news.news(snapshot([order("ord_1")]))
        #expect(first.map(\.words) == ["coupon-skipped (circuit-open), refund later"])
        #expect(first.first?.kind == .worse && first.first?.at == wall)
        #expect(news.news(snapshot([order("ord_1")])).isEmpty)
        #expect(
            news.news(snapshot([order("ord_2", repair: .none)])).map(\.words) == [
                "coupon-skipped (circuit-open), stays so"
            ])
    }

    @Test("an order with a pending repair is followed until it is done, behind newer orders too")
    func followed() {
        var news = OrderFeed()
        _ = news.news(snapshot([order("ord_1")]))
        #expect(news.following == ["ord_1"])
        #expect(news.news(snapshot([order("ord_9", repair: .none), order("ord_1")])).count == 1)
        #expect(news.following == ["ord_1"])
        let repaired = news.news(snapshot([order("ord_1", "redeemed; 305 refunded")]))
        #expect(repaired.map(\.words) == ["repaired coupon: redeemed; 305 refunded"])
        #expect(repaired.first?.at == wall.advanced(by: .seconds(9)) && repaired.first?.kind == .better)
        #expect(news.following.isEmpty)
        #expect(news.news(snapshot([order("ord_1", "redeemed; 305 refunded")])).isEmpty)
    }

    @Test("followed orders take turns, a few at a time")
    func turns() {
        var news = OrderFeed()
        _ = news.news(snapshot((10..<50).map { order("ord_\($0)") }))
        #expect(news.following == ["ord_30", "ord_31", "ord_32", "ord_33"])
        _ = news.news(snapshot(news.following.map { order($0) }))
        #expect(news.following == ["ord_34", "ord_35", "ord_36", "ord_37"])
    }

    @Test("the newest degraded orders are kept as they were when last read")
    func degraded() {
        var news = OrderFeed()
        _ = news.news(snapshot((10..<50).map { order("ord_\($0)") }))
        #expect(news.degraded.map(\.id) == (30..<50).reversed().map { "ord_\($0)" })
        #expect(!news.degraded.contains { !$0.owesRepair })
        _ = news.news(snapshot([order("ord_49", "moot")]))
        #expect(news.degraded.first?.owesRepair == false)
    }

    @Test("equal events of orders are counted under the newest; those of two services aren't merged")
    func spells() {
        var events = EventLog()
        func add(_ second: Double, _ subject: String, _ words: String) {
            events.add(
                WatchEvent(
                    at: wall.advanced(by: .seconds(second)), subject: subject, words: words, kind: .worse))
        }
        add(0, "ord_1", "skipped")
        add(2, "coupon", "is dead")
        add(3, "ord_3", "skipped")
        add(1, "ord_2", "skipped")
        add(4, "payment", "is dead")
        #expect(events.list.map(\.subject) == ["payment", "ord_3", "coupon"])
        #expect(events.list.map(\.count) == [1, 3, 1])
        add(30, "ord_4", "skipped")
        #expect(events.list.map(\.subject) == ["ord_4", "payment", "ord_3", "coupon"])
    }
}
