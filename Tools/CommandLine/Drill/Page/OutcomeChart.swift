/// How the orders of each second ended, stacked.
struct OutcomeChart {
    /// From the bottom; the worst outcome is on top.
    private static let kinds: [(name: String, count: any KeyPath<DrillExperiment.Outcomes, Int> & Sendable)] =
        [
            ("confirmed", \.confirmed), ("accepted", \.accepted), ("refused", \.refused),
            ("failed", \.failed),
        ]

    let timeline: [DrillExperiment.Second]
    let spans: [DrillExperiment.Span]
    let spanName: String
    /// The end of the time axis.
    private var seconds: Double
    private var most: Double

    init(
        _ timeline: [DrillExperiment.Second], spans: [DrillExperiment.Span], named spanName: String = "fault"
    ) {
        self.spanName = spanName
        self.timeline = timeline
        self.spans = spans
        seconds = Double(timeline.last?.second ?? 0) + 1
        most = Double(timeline.map(\.figures.outcomes.sent).max() ?? 1)
    }

    /// On axes that fit the other chart too.
    func beside(_ other: OutcomeChart) -> OutcomeChart {
        var chart = self
        chart.seconds = max(seconds, other.seconds)
        chart.most = max(most, other.most)
        return chart
    }

    var content: String {
        let plot = Chart.plot
        let chart = Chart.overTime(
            seconds, y: .linear(upTo: most * 1.05, from: plot.bottom, to: plot.top),
            title: "orders a second, by outcome")
        var base = timeline.map { _ in 0 }
        var marks = ""
        var labels: [Chart.Label] = []
        for kind in Self.kinds {
            let counts = timeline.map { $0.figures.outcomes[keyPath: kind.count] }
            let total = counts.reduce(0, +)
            guard total > 0 else { continue }
            let top = zip(base, counts).map { $0 + $1 }
            marks += Markup.empty("path", ["class": "area \(kind.name)", "d": area(chart, base, top)])
            if let widest = counts.indices.max(by: { counts[$0] < counts[$1] }) {
                // Labels are in stacking order, each at the height where its area is widest.
                let middle = min(
                    chart.y.position(Double(base[widest] + top[widest]) / 2), labels.last?.y ?? plot.bottom)
                labels.append(
                    Chart.Label(text: "\(kind.name) \(PageText.count(total))", style: kind.name, y: middle))
            }
            base = top
        }
        return chart.content(spans: spans, named: spanName, marks: marks + hints(chart), labels: labels)
    }

    /// One step a second: forward along the tops, back along the bottoms.
    private func area(_ chart: Chart, _ bottom: [Int], _ top: [Int]) -> String {
        func corner(_ second: Int, _ count: Int) -> String {
            "\(Chart.place(chart.x.position(Double(second)))) \(Chart.place(chart.y.position(Double(count))))"
        }
        let seconds = timeline.map(\.second)
        let up = zip(seconds, top).flatMap { [corner($0, $1), corner($0 + 1, $1)] }
        let down = zip(seconds, bottom).reversed().flatMap { [corner($0 + 1, $1), corner($0, $1)] }
        return "M" + (up + down).joined(separator: "L") + "Z"
    }

    /// Tooltips with the figures of each second.
    private func hints(_ chart: Chart) -> String {
        let plot = Chart.plot
        return timeline.map { second in
            let left = chart.x.position(Double(second.second))
            return Markup.element(
                "rect",
                [
                    "class": "hint", "x": Chart.place(left), "y": Chart.place(plot.top),
                    "width": Chart.place(chart.x.position(Double(second.second + 1)) - left),
                    "height": Chart.place(plot.bottom - plot.top),
                ], Markup.element("title", [:], Markup.text(Self.words(second))))
        }.joined()
    }

    private static func words(_ second: DrillExperiment.Second) -> String {
        let latency = second.figures.latency.map {
            "; p50 \(PageText.milliseconds($0.p50)), p99 \(PageText.milliseconds($0.p99))"
        }
        return "second \(second.second): \(PageText.counts(second.figures.answers))\(latency ?? "")"
    }
}
