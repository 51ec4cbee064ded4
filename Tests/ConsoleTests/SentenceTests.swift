import Contracts
import Runtime
import Testing

@testable import ConsoleService
@testable import StackView

@Suite("What the console says")
struct SentenceTests {
    private static let at = Timestamp(milliseconds: 1_767_614_584_000)

    private static func dependency(
        _ name: String, _ role: DependencyDocument.Role, breaker: String = "closed"
    )
        -> Dashboard.Dependency
    {
        var dependency = Dashboard.Dependency(name: name, role: role, breaker: breaker, callsPerSecond: [:])
        dependency.effect = ["en": "No \(name).", "ko": "\(name) 없음."]
        return dependency
    }

    private static func sentence(
        down: [ServiceName: Dashboard.Condition] = [:], open: Set<String> = [], answered: Double = 0,
        unserved: Double = 0, degraded: [OrderDocument] = [], naive: Bool = false, known: Bool = true
    ) -> Sentence {
        let names: [ServiceName] = [.order, .payment, .coupon, .inventory]
        let dependencies: [(String, DependencyDocument.Role)] = [
            ("coupon", .optional), ("inventory", .critical), ("payment", .critical),
        ]
        let dashboard = Dashboard(
            at: at,
            orders: Dashboard.Orders(
                answeredPerSecond: answered, unservedPerSecond: unserved, perSecond: [:]),
            services: names.map { Dashboard.Service(name: $0, url: "", state: down[$0] ?? .ready) },
            dependencies: known
                ? dependencies.map {
                    dependency($0.0, $0.1, breaker: open.contains($0.0) ? "open" : "closed")
                }
                : [],
            events: [])
        return Sentence(dashboard, degraded: degraded, mode: naive ? .naive : .protected)
    }

    private static func order(_ dependency: String, secondsAgo: Double, repaired: Bool = false)
        -> OrderDocument
    {
        let degradation = Degradation(
            dependency: dependency, effect: .couponSkipped, source: .none, reason: "timeout",
            repair: .refundLater, repaired: repaired, outcome: nil)
        return OrderDocument(
            id: "ord_1", status: .confirmed, customerId: "H1", items: [], currency: "USD", subtotal: 1,
            discount: 0, total: 1, refunded: 0, couponCode: nil, pending: [], degradations: [degradation],
            createdAt: at.advanced(by: .seconds(-secondsAgo)), updatedAt: at)
    }

    @Test("at rest every order is confirmed")
    func rest() {
        #expect(Self.sentence().level == .ok && Self.sentence().en == "Every order is confirmed.")
    }

    @Test("an optional dependency that is dead, or whose breaker is open: orders go through, with its effect")
    func optional() {
        for sentence in [
            Self.sentence(down: [.coupon: .dead]), Self.sentence(down: [.coupon: .frozen]),
            Self.sentence(open: ["coupon"]), Self.sentence(degraded: [Self.order("coupon", secondsAgo: 2)]),
        ] {
            #expect(sentence.level == .degraded && sentence.en == "Orders go through. No coupon.")
            #expect(sentence.ko == "주문은 정상 접수됩니다. coupon 없음.")
        }
    }

    @Test("a critical one stands first, and nothing says that orders go through")
    func critical() {
        let sentence = Self.sentence(down: [.coupon: .dead, .payment: .silent])
        #expect(sentence.level == .degraded && sentence.en == "No payment. No coupon.")
    }

    @Test("without the service that takes orders there are none")
    func entry() {
        let frozen = Self.sentence(down: [.order: .frozen, .coupon: .dead])
        #expect(frozen.level == .outage && frozen.en == "No order can be placed: order is frozen.")
        #expect(Self.sentence(known: false).level == .degraded)
    }

    @Test("orders that are turned away are said, most of them as an outage")
    func turnedAway() {
        #expect(Self.sentence(answered: 10, unserved: 1).level == .degraded)
        #expect(Self.sentence(answered: 10, unserved: 8).level == .outage)
        #expect(Self.sentence(answered: 10).level == .ok)
    }

    @Test("an order that is still owed something is said once nothing is broken any more")
    func owed() {
        let owed = Self.sentence(degraded: [Self.order("coupon", secondsAgo: 60)])
        #expect(owed.level == .ok && owed.en.hasSuffix("is being made good."))
        let repaired = Self.sentence(degraded: [Self.order("coupon", secondsAgo: 60, repaired: true)])
        #expect(repaired.en == "Every order is confirmed.")
    }

    @Test("without protections orders wait for what is broken")
    func naive() {
        let sentence = Self.sentence(down: [.coupon: .frozen], naive: true)
        #expect(sentence.level == .outage && sentence.en.contains("wait for coupon"))
    }
}
