import Contracts

/// The overload steps, with their goodput.
struct OverloadSection {
    let report: OverloadReport
    /// Nil if there is only one run.
    let mode: DrillRun.Mode?

    var markup: String {
        let name = "Overload" + (mode.map { ", \(PageText.mode($0))" } ?? "")
        if report.steps.isEmpty, report.outage == nil {
            return Markup.element(
                "section", ["class": "experiment"],
                Markup.element("h2", [:], Markup.text(name), " ", ExperimentSection.badge(.undecided)),
                Markup.element("p", [:], Markup.text(report.obstacle ?? "nothing was measured")))
        }
        let intro =
            """
            The stack takes \(PageText.number(report.capacity)) orders a second; a refusal costs \
            \(PageText.number((report.refusalCost * 100).rounded(places: 1))) % of an order (ρ). At x times \
            the capacity at most (1 − xρ)/(1 − ρ) of it can be left, and 90 % of that is expected; p99 of \
            what is admitted is to stay within three times that at 0.7 of the capacity, \
            \(PageText.milliseconds(report.p99AtSeventyPercent)).
            """
        return Markup.element(
            "section", ["id": "overload\(mode.map { "-\($0.rawValue)" } ?? "")", "class": "experiment"],
            Markup.element("h2", [:], Markup.text(name)), Markup.element("p", [:], Markup.text(intro)),
            Markup.element(
                "div", ["class": "charts"],
                Chart.svg(
                    "\(name): goodput against offered load, with its bound",
                    GoodputChart(report: report).content)),
            table(name), report.steps.map(step).joined(), report.outage.map(outage) ?? "")
    }

    private func table(_ name: String) -> String {
        PageTable(
            caption: "\(name), step by step",
            titles: [.words("step"), .words("outcome")]
                + [
                    "offered/s", "orders/s", "goodput/s", "bound/s", "p50 ms", "p99 ms", "settled s",
                    "recovered s",
                ].map { .figure($0) } + [.words("shed")],
            rows: report.steps.map { step in
                [.words("\(PageText.number(step.factor))×"), .outcome(step.outcome)]
                    + [
                        step.offered, step.ordersOffered, step.goodput, step.bound, step.admittedP50,
                        step.admittedP99,
                        step.settledSeconds, step.recoveredSeconds,
                    ].map { .figure(PageText.number($0)) } + [.list(PageText.list(step.shed))]
            }
        ).markup
    }

    private func outage(_ outage: OverloadReport.Outage) -> String {
        let recovered =
            outage.recoveredSeconds.map { "\(PageText.number($0)) s after its end" } ?? "not again"
        return part(
            "\(outage.dependency) frozen under too much load", outage.outcome, outage.failures,
            outage.timeline, outage.span,
            named: "outage"
        )
            + Markup.element(
                "p", [:],
                Markup.text(
                    """
                    \(PageText.number(outage.offered)) orders a second, by customers who ask again \
                    (\(outage.requests) requests in all); afterwards \(PageText.number(outage.afterwards)) \
                    orders a second. All was normal \(recovered).
                    """))
    }

    private func step(_ step: OverloadReport.Step) -> String {
        part(
            "\(PageText.number(step.factor))× the capacity", step.outcome, step.failures, step.timeline,
            step.span,
            named: "overload")
    }

    private func part(
        _ name: String, _ outcome: DrillExperiment.Outcome, _ failures: [String],
        _ timeline: [DrillExperiment.Second],
        _ span: DrillExperiment.Span, named: String
    ) -> String {
        let bound = LatencyChart.Bound(
            name: "≤ \(PageText.milliseconds(report.p99AtSeventyPercent * 3))",
            milliseconds: report.p99AtSeventyPercent * 3,
            spans: [span])
        let charts =
            Chart.svg(
                "\(name), orders a second by outcome",
                OutcomeChart(timeline, spans: [span], named: named).content)
            + Chart.svg(
                "\(name), p50 and p99 of the orders",
                LatencyChart(timeline, spans: [span], named: named, bounds: [bound]).content)
        let failures =
            failures.isEmpty
            ? ""
            : Markup.element(
                "ul", ["class": "failures"],
                failures.map { Markup.element("li", [:], Markup.text($0)) }.joined())
        return Markup.element("h3", [:], Markup.text(name), " ", ExperimentSection.badge(outcome)) + failures
            + Markup.element("div", ["class": "charts"], charts)
    }
}
