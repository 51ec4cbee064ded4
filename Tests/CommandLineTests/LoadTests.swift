import Contracts
import Testing

@testable import CommandLine

@Suite struct LoadTests {
    @Test("percentiles are values that were measured, by nearest rank")
    func percentiles() {
        let values = Percentiles((1...100).reversed().map { .milliseconds($0) })
        #expect(values.value(50) == .milliseconds(50))
        #expect(values.value(99) == .milliseconds(99))
        #expect(values.value(100) == .milliseconds(100))
        #expect(Percentiles([.seconds(3)]).value(1) == .seconds(3))
        #expect(Percentiles([]).value(50) == nil)
    }

    private let journey = (1...20).map { number in
        Basket(
            customerId: "H\(number)", items: [ItemQuantity(sku: "S\(number)", quantity: 1)],
            couponCode: number % 5 == 0 ? "C\(number)" : nil)
    }

    @Test("one seed gives one sequence of baskets, another gives another")
    func seeds() {
        func baskets(_ seed: UInt64) -> [Basket] {
            var source = BasketSource(journey, couponShare: 50, seed: seed, run: "r")
            return (0..<50).map { _ in source.next() }
        }
        #expect(baskets(1) == baskets(1))
        #expect(baskets(1) != baskets(2))
    }

    @Test("every random basket has a customer of its own")
    func customers() {
        var source = BasketSource(journey, couponShare: 50, seed: 1, run: "r")
        #expect(Set((0..<100).map { _ in source.next().customerId }).count == 100)
    }

    @Test("the share of baskets with a coupon is as asked", arguments: [(0.0, 0...0), (10, 60...140), (100, 1000...1000)])
    func couponShare(percent: Double, expected: ClosedRange<Int>) {
        var source = BasketSource(journey, couponShare: percent, seed: 7, run: "r")
        #expect(expected.contains((0..<1000).count { _ in source.next().couponCode != nil }))
    }

    @Test("a report counts what ended how, and is not ok with an order unresolved or an answer unexpected")
    func report() {
        let tally = Tally()
        let endings: [Ending] = [
            .confirmed, .refused(code: "out-of-stock"), .cancelled, .unresolved("timeout"), .unexpected("500"),
        ]
        for (index, ending) in endings.enumerated() {
            tally.begin(isDelayed: index == 0)
            tally.end(Purchase.Result(ending: ending, latency: .milliseconds(index), retries: 1), key: "k\(index)")
        }
        let report = LoadReport(tally.counts, rate: 50, seed: nil, duration: .seconds(1))
        #expect(!report.ok)
        #expect(tally.counts.inFlight == 0)
        #expect([report.sent, report.confirmed, report.cancelled, report.unresolved, report.unexpected] == [5, 1, 1, 1, 1])
        #expect(report.refused == ["out-of-stock": 1])
        #expect([report.retries, report.delayed] == [5, 1])
        #expect(report.failures == ["k4: 500", "k3: timeout"])
        #expect(report.latencyMilliseconds?.max == 4)
    }
}
