import Contracts
import Testing

@testable import ConsoleService

@Suite("What an incident costs")
struct ImpactCountTests {
    private static let detected = Timestamp(milliseconds: 1_767_614_584_000)

    private static let incident = Incident(
        id: "inc_1", title: "payment is dead", priority: .p1, status: .detected, cause: "payment",
        isCauseAssumed: false, detectedBy: "console", startedAt: detected.advanced(by: .seconds(-5)),
        detectedAt: detected, services: ["payment", "order"])

    static func order(
        _ seconds: Double, at start: Timestamp = detected, _ dependency: String = "payment",
        effect: Degradation.Effect = .paymentQueued,
        status: OrderStatus = .confirmed, repaired: Bool = true, currency: String = "USD", total: Int = 100
    ) -> OrderDocument {
        OrderDocument(
            id: "ord_\(seconds)", status: status, customerId: "H\(Int(seconds) / 10)", items: [],
            currency: currency, subtotal: total, discount: 0, total: total, refunded: 0, couponCode: nil,
            pending: [],
            degradations: [
                Degradation(
                    dependency: dependency, effect: effect, source: .queue, reason: "timeout",
                    repair: .finishLater, repaired: repaired, outcome: nil)
            ], createdAt: start.advanced(by: .seconds(seconds)), updatedAt: start)
    }

    private func count(
        _ orders: [OrderDocument], _ incident: Incident = incident, floor: Timestamp? = nil,
        others: Set<String> = []
    ) -> ImpactCount {
        var count = ImpactCount(incident, floor: floor, entry: "order", others: others)
        for order in orders { count.add(order) }
        return count
    }

    @Test("orders that its cause degraded while it lasted, each once, with what is still owed")
    func counted() {
        let counted = count([
            Self.order(-4), Self.order(3), Self.order(4, status: .accepted, repaired: false),
            Self.order(12, status: .cancelled, total: 50), Self.order(13, currency: "EUR", total: 7),
            Self.order(5, "coupon", effect: .couponSkipped),
            Self.order(6, effect: .notificationQueued),
        ])
        #expect(counted.impact.ordersDegraded == 6 && counted.impact.ordersDelayed == 5)
        #expect(counted.impact.ordersMadeGood == 5 && counted.owed == 1 && counted.impact.ordersLost == 1)
        #expect(counted.impact.customers == 2)
        #expect(counted.impact.revenueDelayedByCurrency == ["USD": 350, "EUR": 7])
        #expect(counted.impact.revenueDelayed == 350)
    }

    @Test("an order that another cause delayed is degraded here, and delayed there")
    func delayedByAnother() {
        var order = Self.order(1)
        order.degradations += Self.order(1, "coupon", effect: .couponSkipped).degradations
        var coupon = Self.incident
        coupon.cause = "coupon"
        let counted = count([order], coupon).impact
        #expect(counted.ordersDegraded == 1 && counted.ordersDelayed == 0 && counted.revenueDelayed == 0)
        #expect(count([order]).impact.ordersDelayed == 1)
    }

    @Test("it starts with its first order, some seconds before the detection, however often it is counted")
    func start() {
        var incident = Self.incident
        for _ in 0..<5 {
            let counted = count((-60...0).map { Self.order(Double($0)) }, incident)
            #expect(counted.impact.ordersDegraded == 16)
            incident.set(counted)
            #expect(incident.startedAt == Self.detected.advanced(by: .seconds(-15)))
        }
    }

    @Test("orders of the incident before it, and those after its end, aren't its own")
    func limits() throws {
        var incident = Self.incident
        try incident.resolve(by: "console", at: Self.detected.advanced(by: .seconds(30)))
        let orders = (-10...60).map { Self.order(Double($0)) }
        let floor = Self.detected.advanced(by: .seconds(-3))
        #expect(count(orders, incident, floor: floor).impact.ordersDegraded == 34)
    }

    @Test("where customers come in, every degradation counts that no other incident explains")
    func entry() {
        var incident = Self.incident
        incident.cause = "order"
        let orders = [Self.order(1), Self.order(2, "coupon", effect: .couponSkipped), Self.order(3)]
        #expect(count(orders, incident).impact.ordersDegraded == 3)
        #expect(count(orders, incident, others: ["payment"]).impact.ordersDegraded == 1)
    }
}
