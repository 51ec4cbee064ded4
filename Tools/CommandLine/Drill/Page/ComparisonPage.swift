/// One experiment with the protections off and on, side by side on the same axes: an SVG that stands alone,
/// as in the README. It has its own background, so that it is legible on any page.
struct ComparisonPage {
    private static let padding = 20.0
    private static let gap = 24.0
    private static let top = 74.0

    let naive: DrillExperiment
    let protected: DrillExperiment

    /// One for every experiment that was run on both stacks.
    static func all(_ report: DrillReport) -> [ComparisonPage] {
        func experiments(_ mode: DrillRun.Mode) -> [DrillExperiment] {
            report.runs.filter { $0.mode == mode }.flatMap(\.experiments)
        }
        return experiments(.protected).compactMap { one in
            experiments(.naive).first { $0.name == one.name }.map {
                ComparisonPage(naive: $0, protected: one)
            }
        }
    }

    var name: String { protected.name }

    /// What it shows: how the orders ended that were sent while the fault was there.
    var sentence: String {
        func share(_ part: Int, _ whole: Int) -> String {
            "\(PageText.count(part)) of \(PageText.count(whole))"
        }
        let without = naive.broken.outcomes
        let with = protected.broken.outcomes
        return [
            "\(PageText.mode(.naive)): \(share(without.failed, without.sent)) orders failed",
            "\(PageText.mode(.protected)): \(share(with.confirmed, with.sent)) confirmed",
            PageText.counts(protected.degraded),
            "\(share(protected.repaired.done, protected.repaired.due)) made good",
        ].joined(separator: "; ")
    }

    var svg: String {
        let width = 2 * Self.padding + 2 * Chart.width + Self.gap
        let height = Self.top + 2 * Chart.height + 14 + Self.padding
        let title = "\(protected.fault), at \(PageText.number(protected.rate)) orders a second"
        let name = "\(title): \(PageText.mode(.naive)) and \(PageText.mode(.protected))"
        return Markup.element(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 \(Int(width)) \(Int(height))",
                "role": "img",
                "aria-label": name,
            ], Markup.element("title", [:], Markup.text(name)),
            Markup.element("desc", [:], Markup.text(sentence)),
            Markup.element("style", [:], "\n\(PageStyle.colours)\n\(PageStyle.charts)\n\(Self.style)\n"),
            Markup.empty(
                "rect",
                ["class": "ground", "width": Chart.place(width), "height": Chart.place(height), "rx": "8"]),
            Chart.text(title, "title", Self.padding, 30),
            column(naive, .naive, beside: protected, at: Self.padding),
            column(protected, .protected, beside: naive, at: Self.padding + Chart.width + Self.gap)) + "\n"
    }

    private static let style = """
        .ground { fill: var(--ground); } .title { font-size: 17px; font-weight: 600; }
        .heading { font-size: 14px; font-weight: 600; }
        """

    private func column(
        _ one: DrillExperiment, _ mode: DrillRun.Mode, beside other: DrillExperiment, at x: Double
    ) -> String {
        let outcomes = OutcomeChart(one.timeline, spans: one.faults).beside(
            OutcomeChart(other.timeline, spans: other.faults))
        let latency = LatencyChart(one.timeline, spans: one.faults, bounds: one.latencyBounds).beside(
            LatencyChart(other.timeline, spans: other.faults, bounds: other.latencyBounds))
        return Chart.text(PageText.mode(mode), "heading", x, 58)
            + group(outcomes.content, x, Self.top) + group(latency.content, x, Self.top + Chart.height + 14)
    }

    private func group(_ content: String, _ x: Double, _ y: Double) -> String {
        Markup.element("g", ["transform": "translate(\(Chart.place(x)) \(Chart.place(y)))"], content)
    }
}
