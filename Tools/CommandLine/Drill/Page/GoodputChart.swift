/// Goodput over offered load, with the bound that the cost of refusals sets: (1 − xρ)/(1 − ρ) of the
/// capacity.
struct GoodputChart {
    let report: OverloadReport

    var content: String {
        let plot = Chart.plot
        let most = max(report.steps.map(\.factor).max() ?? 1, 2)
        let highest = max(report.capacity, report.steps.map(\.goodput).max() ?? 0)
        let chart = Chart(
            x: .linear(upTo: most, from: plot.left, to: plot.right),
            y: .linear(upTo: highest * 1.15, from: plot.bottom, to: plot.top),
            yTitle: "goodput, orders a second", xTitle: "offered, times the capacity",
            yText: { PageText.number($0) },
            xText: { "\(PageText.number($0))×" })
        let bound =
            [(0.0, 0.0)] + stride(from: 1, through: most, by: most / 100).map { ($0, report.bound(at: $0)) }
        let ninety = bound.map { ($0.0, $0.1 * 0.9) }
        let measured =
            [(1.0, report.capacity)]
            + report.steps.sorted { $0.factor < $1.factor }.map { ($0.factor, $0.goodput) }
        let marks =
            chart.curve("bound", bound.map { (x: $0.0, y: $0.1) })
            + chart.curve("floor", ninety.map { (x: $0.0, y: $0.1) })
            + chart.curve("curve p99", measured.map { (x: $0.0, y: $0.1) })
            + measured.map { dot(chart, $0.0, $0.1) }.joined()
        var labels = [
            Chart.Label(text: "bound", style: "bound", y: chart.y.position(bound.last?.1 ?? 0)),
            Chart.Label(text: "90 % of it", style: "floor", y: chart.y.position(ninety.last?.1 ?? 0)),
        ]
        if let last = measured.last {
            labels.append(Chart.Label(text: "goodput", style: "p99", y: chart.y.position(last.1)))
        }
        return chart.content(marks: marks, labels: labels)
    }

    private func dot(_ chart: Chart, _ factor: Double, _ goodput: Double) -> String {
        let words = "\(PageText.number(factor))×: \(PageText.number(goodput)) orders/s"
        return Markup.element(
            "circle",
            [
                "class": "dot", "cx": Chart.place(chart.x.position(factor)),
                "cy": Chart.place(chart.y.position(goodput)),
                "r": "4",
            ], Markup.element("title", [:], Markup.text(words)))
    }
}

extension OverloadReport {
    /// The bound in orders a second at `x` times the capacity.
    func bound(at x: Double) -> Double {
        guard x > 1, refusalCost < 1 else { return min(x, 1) * capacity }
        return max(0, (1 - x * refusalCost) / (1 - refusalCost)) * capacity
    }
}
