import Contracts
import Testing

@testable import CommandLine

@Suite("The drill's judgement of incidents")
struct IncidentCheckTests {
    private static let begin = Timestamp(milliseconds: 1_767_614_584_000)

    private static func report(
        cause: String = "payment", priority: String = "P1", detected: Double = 8, resolved: Double? = 45,
        degraded: Int = 1, refused: Int = 0
    ) -> IncidentReport {
        IncidentReport(
            id: "inc_1", title: "payment is dead", priority: priority, status: "resolved", cause: cause,
            startedAt: begin, detectedAt: begin.advanced(by: .seconds(detected)),
            resolvedAt: resolved.map { begin.advanced(by: .seconds($0)) },
            impact: .init(
                ordersDegraded: degraded, ordersRefused: refused, ordersDelayed: degraded,
                ordersMadeGood: degraded, customers: degraded,
                revenueDelayedByCurrency: ["USD": 500]),
            timeline: [], symptoms: ["breaker-open"])
    }

    private static let order = OrderDocument(
        id: "ord_1", status: .confirmed, customerId: "H1", items: [], currency: "USD", subtotal: 500,
        discount: 0, total: 500, refunded: 0, couponCode: nil, pending: [],
        degradations: [
            Degradation(
                dependency: "payment", effect: .paymentQueued, source: .queue, reason: "timeout",
                repair: .finishLater, repaired: true, outcome: "confirmed")
        ], createdAt: begin, updatedAt: begin)

    private func words(_ incidents: [IncidentReport], refused: ClosedRange<Int> = 3...3) throws -> [String] {
        let payment = try #require(SampleDrill.path.dependencies.first { $0.name == "payment" })
        return IncidentCheck.judge(
            incidents, [Self.order], refused: refused,
            experiment: Experiment(disruption: .broken([payment], .killed)),
            span: (Self.begin, Self.begin.advanced(by: .seconds(20)))
        ).map(\.words)
    }

    @Test("one of the right cause and priority, in time, with the orders' impact, contradicts nothing")
    func right() throws {
        #expect(try words([Self.report(refused: 3)]) == [])
    }

    @Test("none, two, another cause, priority or impact, or a late one is said")
    func wrong() throws {
        #expect(try words([]) == ["one incident of payment was expected, not none"])
        #expect(try words([Self.report(), Self.report(cause: "order")]).first?.contains("not 2") == true)
        func one(_ report: IncidentReport) throws -> String {
            let words = try words([report])
            #expect(words.count == 1)
            return words.first ?? ""
        }
        #expect(try one(Self.report(priority: "P2", refused: 3)) == "incident of payment: it is P2, not P1")
        #expect(try one(Self.report(degraded: 2, refused: 3)).contains("the orders say 1 orders"))
        #expect(
            try one(Self.report(refused: 2)) == "incidents tell of 2 refused orders, customers saw 3")
        #expect(try words([Self.report(refused: 2)], refused: 1...2).isEmpty)
        #expect(try words([Self.report(refused: 3)], refused: 1...2).first?.hasSuffix("saw 1 to 2") == true)
        #expect(
            try one(Self.report(detected: 16, refused: 3)) == "incident of payment: detected after 16.0 s")
        #expect(
            try one(Self.report(resolved: 81, refused: 3)) == "incident of payment: resolved after 61.0 s")
        #expect(try one(Self.report(resolved: nil, refused: 3)).contains("not resolved"))
    }

    @Test("an overload is one incident of order, with every refused order")
    func overload() {
        let incident = Self.report(cause: "order", refused: 3)
        #expect(IncidentCheck.overload([incident], refused: 3...3).isEmpty)
        #expect(IncidentCheck.overload([incident], refused: 2...9).isEmpty)
        #expect(
            IncidentCheck.overload([incident], refused: 4...9)
                == ["incidents tell of 3 refused orders, customers saw 4 to 9"])
        #expect(IncidentCheck.overload([], refused: 0...0).count == 1)
        #expect(IncidentCheck.overload([incident, Self.report()], refused: 3...3).count == 1)
    }

    @Test("an open incident says what to do next; one that is over doesn't")
    func next() {
        let open = Self.report(resolved: nil).text(option: " --data x")
        #expect(open.contains("csp incident ack inc_1 --data x"))
        #expect(open.hasSuffix("read Docs/runbooks/CriticalBreakerOpen.md"))
        #expect(!Self.report().text(option: "").contains("Next:"))
    }

    @Test("a game day's points fall with the time that was needed")
    func points() {
        #expect(GameDayScore.points(nil, most: 50, good: 10, bad: 20) == 0)
        #expect(GameDayScore.points(5, most: 50, good: 10, bad: 20) == 50)
        #expect(GameDayScore.points(15, most: 50, good: 10, bad: 20) == 25)
        #expect(GameDayScore.points(99, most: 50, good: 10, bad: 20) == 0)
    }
}
