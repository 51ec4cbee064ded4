import Foundation
import Testing

@testable import CommandLine

@Suite struct ChartTests {
    @Test("a linear axis begins at zero and is marked in round steps")
    func linear() {
        let axis = Axis.linear(upTo: 52.5, from: 180, to: 30)
        #expect(axis.ticks(5) == [0, 20, 40])
        #expect(axis.position(0) == 180 && axis.position(52.5) == 30 && axis.position(99) == 30)
        #expect(Axis.linear(upTo: 0, from: 0, to: 1).position(0) == 0)
    }

    @Test(
        "a logarithmic axis has whole decades around its values",
        arguments: [
            ([6.0, 431], [1.0, 10, 100, 1000]), ([1000, 1000], [1000, 10000]), ([0, 5], [0.1, 1, 10]),
            ([], [1, 10]),
        ])
    func logarithmic(values: [Double], expected: [Double]) {
        let ticks = Axis.logarithmic(values, from: 100, to: 0).ticks(5)
        #expect(ticks.count == expected.count && zip(ticks, expected).allSatisfy { abs($0 / $1 - 1) < 1e-9 })
    }

    @Test("equal ratios are equal distances")
    func decades() {
        let axis = Axis.logarithmic([1, 100], from: 100, to: 0)
        #expect(abs(axis.position(10) - 50) < 1e-9)
        #expect(axis.position(0) == 100)
    }

    @Test("labels stay apart, in order and within the chart")
    func labels() {
        let labels = Chart.Label.apart(
            [10.0, 99, 98, 11].map { Chart.Label(text: "\($0)", style: "", y: $0) }, within: 0...100)
        #expect(labels.map(\.text) == ["10.0", "11.0", "98.0", "99.0"])
        #expect(zip(labels, labels.dropFirst()).allSatisfy { $1.y - $0.y >= Chart.Label.spacing })
        #expect(labels.allSatisfy { (0...100).contains($0.y) })
    }

    @Test("stacked areas add up to the sent orders, and share an axis with the compared chart")
    func stacked() {
        let one = DrillExperiment.sample("coupon-slow", "", .naive)
        let chart = OutcomeChart(one.timeline, spans: one.faults)
        #expect(chart.content.components(separatedBy: "class=\"area").count == 3)
        #expect(chart.content.contains("failed 820"))
        let large = OutcomeChart(
            [.init(second: 70, outcomes: .init(confirmed: 900), p50: 1, p99: 1)], spans: [])
        #expect(chart.beside(large).content.contains(">800<") && chart.beside(large).content.contains(">60<"))
    }

    @Test("the bound is the capacity up to that load, and then what refusals leave of it")
    func bound() {
        let report = OverloadReport.sample
        #expect(report.bound(at: 0.5) == 406 && report.bound(at: 1) == 812)
        #expect(abs(report.bound(at: 10) - 812 * (1 - 0.31) / (1 - 0.031)) < 1e-9)
        #expect(report.bound(at: 100) == 0)
    }

    @Test("the tighter bound begins three seconds into the fault")
    func bounds() {
        let bounds = DrillExperiment.sample("coupon-slow", "", .protected).latencyBounds
        #expect(bounds.map(\.name) == ["≤ 1,050 ms", "≤ 49 ms"])
        #expect(bounds[1].spans == [.init(begin: 23, end: 40)])
    }

    @Test(
        "figures are grouped by thousands",
        arguments: [(0.0, "0"), (4.25, "4.3"), (0.031, "0.03"), (1050, "1,050"), (1_234_567.8, "1,234,568")])
    func numbers(value: Double, expected: String) {
        #expect(PageText.number(value) == expected)
    }
}
