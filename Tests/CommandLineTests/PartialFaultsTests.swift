import Contracts
import Testing

@testable import CommandLine

@Suite struct PartialFaultsTests {
    private let faults = PartialFaults.experiments(for: SamplePartial.operations)
    private let brownouts = PartialFaults.all(SampleDrill.path).filter { $0.group == .brownout }

    private func fault(_ group: PartialFault.Group, _ name: String) throws -> PartialFault {
        try #require((faults + brownouts).first { $0.group == group && $0.name == name }, "\(group)-\(name)")
    }

    @Test("every operation is broken alone, by its route")
    func operations() throws {
        for operation in SamplePartial.operations {
            let one = try fault(.operation, "\(operation.dependency)-\(operation.name)-500")
            #expect(
                one.injected == [
                    .init(
                        service: operation.dependency,
                        fault: FaultRequest(route: operation.route, kind: "error", status: 500))
                ])
        }
        #expect(Set(faults.map { "\($0.group)-\($0.name)" }).count == faults.count)
    }

    @Test("awaited operations are black-holed too; the first other one of each dependency is slow")
    func kinds() {
        let names = faults.filter { $0.group == .operation }.map(\.name).filter { !$0.hasSuffix("-500") }
        #expect(
            names == [
                "inventory-reserve-black-hole", "inventory-commit-slow", "payment-capture-black-hole",
                "payment-void-slow",
                "coupon-redeem-black-hole", "coupon-rule-slow",
            ])
    }

    @Test("only awaited operations may affect orders")
    func expectations() throws {
        let expected: [(String, PartialFault.Expectation)] = [
            ("inventory-reserve", .accepted(isTotal: true)), ("payment-capture", .accepted(isTotal: true)),
            ("coupon-redeem", .confirmedWithout("coupon", isTotal: true)), ("inventory-commit", .undegraded),
            ("inventory-product", .undegraded), ("payment-void", .undegraded), ("coupon-rule", .undegraded),
            ("notification-send", .confirmedWithout("notification", isTotal: false)),
        ]
        for (name, expectation) in expected {
            #expect(try fault(.operation, "\(name)-500").expectation == expectation, "\(name)")
        }
    }

    @Test("an operation that order newly declares is broken alone, and may not affect orders")
    func tomorrow() throws {
        let gift = Operation(dependency: "inventory", role: .critical, name: "gift", route: "POST /gifts")
        let faults = PartialFaults.experiments(for: SamplePartial.operations + [gift])
        let one = try #require(faults.first { $0.name == "inventory-gift-500" })
        #expect(one.expectation == .undegraded && one.injected[0].fault.route == "POST /gifts")
    }

    @Test("the dependency's other operations continue, except those that follow the broken one")
    func goesOn() throws {
        #expect(
            try fault(.operation, "inventory-product-500").goesOn == [
                SamplePartial.reserve, SamplePartial.commit,
            ])
        #expect(try fault(.operation, "inventory-reserve-500").goesOn == [SamplePartial.product])
        #expect(try fault(.operation, "payment-void-500").goesOn == [SamplePartial.capture])
    }

    @Test("each criticality's requests are broken alone, if a dependency gets more than one")
    func traffic() throws {
        #expect(
            faults.filter { $0.group == .traffic }.map(\.name) == [
                "inventory-sheddable-503", "inventory-sheddable-slow", "inventory-sheddable-plus-503",
                "inventory-sheddable-plus-slow", "inventory-critical-plus-500", "payment-sheddable-503",
                "payment-sheddable-slow", "payment-critical-plus-500", "coupon-sheddable-503",
                "coupon-sheddable-plus-503",
                "coupon-critical-plus-500",
            ])
        let queue = try fault(.traffic, "inventory-sheddable-503")
        #expect(queue.injected[0].fault == FaultRequest(criticality: "sheddable", kind: "error", status: 503))
        #expect(
            queue.expectation == .undegraded
                && queue.goesOn == [SamplePartial.reserve, SamplePartial.product])
        let orders = try fault(.traffic, "coupon-critical-plus-500")
        #expect(orders.expectation == .confirmedWithout("coupon", isTotal: true))
        // Redemptions meanwhile come from repairs in the queue.
        #expect(orders.goesOn == [SamplePartial.redeem, SamplePartial.rule])
        #expect(try fault(.traffic, "payment-critical-plus-500").expectation == .accepted(isTotal: true))
    }

    @Test("quotes are broken, shed and slow beside orders")
    func quotes() throws {
        #expect(
            faults.filter { $0.group == .quotes }.map(\.name) == [
                "inventory-product-500", "inventory-product-503", "inventory-product-slow", "coupon-rule-503",
            ])
        let shed = try fault(.quotes, "inventory-product-503")
        #expect(shed.expectation == .undegraded && shed.reads == 40 && shed.pages == 10)
    }

    @Test("each dependency on the path has brownouts at both rates, and all have one together")
    func brownout() throws {
        #expect(
            brownouts.map(\.name) == [
                "inventory-at-10", "inventory-at-full-rate", "payment-at-10", "payment-at-full-rate",
                "coupon-at-10",
                "coupon-at-full-rate", "inventory+payment+coupon-at-10",
            ])
        let together = try fault(.brownout, "inventory+payment+coupon-at-10")
        #expect(together.injected.map(\.fault.milliseconds) == [400, 750, 300] && together.rate == 10)
        #expect(together.injected.allSatisfy { $0.fault.kind == "latency" && $0.fault.route == nil })
        #expect(together.finishing == 0.8)
        let full = try fault(.brownout, "payment-at-full-rate")
        #expect(full.rate == nil && full.finishing == 0.4)
        #expect(
            try fault(.brownout, "coupon-at-10").expectation == .confirmedWithout("coupon", isTotal: false))
    }

    @Test("the hypothesis names the orders' outcome and the operations that continue")
    func hypothesis() throws {
        let product = Experiment(disruption: .partial(try fault(.operation, "inventory-product-500")))
        #expect(product.name == "operation-inventory-product-500" && product.kind == "operation")
        #expect(product.hypothesis.contains("nothing missing"))
        #expect(product.hypothesis.hasSuffix("; reserve, commit of inventory go on meanwhile"))
        #expect(
            try fault(.brownout, "payment-at-10").hypothesis.hasSuffix(
                "80 % of what is accepted is finished as fast as it comes"))
    }

    @Test("only payment's experiments have orders whose coupons are refunded later")
    func refunds() throws {
        #expect(try fault(.operation, "payment-void-500").needsRefunds)
        #expect(try fault(.traffic, "payment-sheddable-503").needsRefunds)
        #expect(try !fault(.operation, "coupon-rule-500").needsRefunds)
        #expect(try !fault(.brownout, "payment-at-10").needsRefunds)
    }

    @Test("a refund needs a coupon that gives no discount offline")
    func refundable() {
        func coupon(_ code: String, offline: Bool) -> Coupon {
            Coupon(
                code: code, amountOff: 100, currency: "USD", limitPerCustomer: 1, eligibleSkus: [],
                validUntil: nil,
                offline: offline)
        }
        let baskets = ["SMALL", "BIG", nil].map { Basket(customerId: "c", items: [], couponCode: $0) }
        let chosen = SideTraffic.Baskets(
            baskets, coupons: [coupon("SMALL", offline: true), coupon("BIG", offline: false)])
        #expect(chosen.refundable.map(\.couponCode) == ["BIG"])
        #expect(chosen.all.map(\.couponCode) == ["SMALL", "SMALL", "BIG", "BIG", nil, "SMALL"])
        #expect([Basket(customerId: "c", items: [])].withMoreCoupons.map(\.couponCode) == [nil])
    }
}
