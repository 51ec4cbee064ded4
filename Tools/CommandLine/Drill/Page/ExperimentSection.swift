/// One experiment in full: hypothesis, charts over time, figures. Two runs stand side by side.
struct ExperimentSection {
    struct Side {
        /// Nil if there is only one run.
        var mode: DrillRun.Mode?
        var experiment: DrillExperiment
    }

    let sides: [Side]

    var markup: String {
        guard let first = sides.first?.experiment else { return "" }
        let intro = Markup.element(
            "p", [:], Markup.text("At \(PageText.number(first.rate)) orders a second: \(first.fault). "),
            Markup.element("strong", [:], "Expected: "), Markup.text("\(first.hypothesis)."))
        let columns = sides.indices.map { Markup.element("div", ["class": "side"], column($0)) }
        return Markup.element(
            "section", ["id": first.name, "class": "experiment"],
            Markup.element(
                "h2", [:], Markup.text(first.name), sides.count == 1 ? " " + Self.badge(first.outcome) : ""),
            intro,
            Markup.element("div", ["class": sides.count > 1 ? "sides" : "alone"], columns.joined()))
    }

    private func column(_ index: Int) -> String {
        let side = sides[index]
        let one = side.experiment
        let heading = side.mode.map { mode in
            Markup.element("h3", [:], Markup.text(PageText.mode(mode)), " ", Self.badge(one.outcome))
        }
        let charts = outcomeChart(index) + latencyChart(index)
        return (heading ?? "") + Markup.element("div", [:], failures(one))
            + Markup.element("div", ["class": "charts"], charts)
            + ExperimentFacts(experiment: one).markup
    }

    private func outcomeChart(_ index: Int) -> String {
        let charts = sides.map { OutcomeChart($0.experiment.timeline, spans: $0.experiment.faults) }
        let chart = charts.reduce(charts[index]) { $0.beside($1) }
        return Chart.svg(name("orders a second by outcome", index), chart.content)
    }

    private func latencyChart(_ index: Int) -> String {
        let charts = sides.map {
            LatencyChart(
                $0.experiment.timeline, spans: $0.experiment.faults, bounds: $0.experiment.latencyBounds)
        }
        let chart = charts.reduce(charts[index]) { $0.beside($1) }
        return Chart.svg(name("p50 and p99 of the orders", index), chart.content)
    }

    private func name(_ what: String, _ index: Int) -> String {
        let side = sides[index]
        return ([side.experiment.name] + [side.mode.map(PageText.mode)].compactMap { $0 } + [what]).joined(
            separator: ", ")
    }

    private func failures(_ one: DrillExperiment) -> String {
        guard !one.failures.isEmpty else { return "" }
        return Markup.element(
            "ul", ["class": "failures"],
            one.failures.map { Markup.element("li", [:], Markup.text($0)) }.joined())
    }

    static func badge(_ outcome: DrillExperiment.Outcome) -> String {
        Markup.element("span", ["class": "badge \(outcome.rawValue)"], PageText.outcome(outcome))
    }
}
