/// p50 and p99 of each second's orders with their bounds, on a logarithmic axis, since protections change
/// latencies by orders of magnitude.
struct LatencyChart {
    /// A line that the p99 has to stay below for a while.
    struct Bound {
        var name: String
        var milliseconds: Double
        var spans: [DrillExperiment.Span]
    }

    let timeline: [DrillExperiment.Second]
    let spans: [DrillExperiment.Span]
    let spanName: String
    let bounds: [Bound]
    /// The end of the time axis.
    private var seconds: Double
    private var values: [Double]

    init(
        _ timeline: [DrillExperiment.Second], spans: [DrillExperiment.Span], named spanName: String = "fault",
        bounds: [Bound]
    ) {
        self.spanName = spanName
        self.timeline = timeline
        self.spans = spans
        self.bounds = bounds
        seconds = Double(timeline.last?.second ?? 0) + 1
        values =
            timeline.compactMap(\.figures.latency).flatMap { [$0.p50, $0.p99] } + bounds.map(\.milliseconds)
    }

    /// On axes that fit the other chart too.
    func beside(_ other: LatencyChart) -> LatencyChart {
        var chart = self
        chart.seconds = max(seconds, other.seconds)
        chart.values += other.values
        return chart
    }

    var content: String {
        let plot = Chart.plot
        let y = Axis.logarithmic(values, from: plot.bottom, to: plot.top)
        let chart = Chart.overTime(seconds, y: y, title: "latency, logarithmic", text: Self.text)
        var marks = ""
        var labels: [Chart.Label] = []
        for bound in bounds {
            let height = y.position(bound.milliseconds)
            marks += bound.spans.map {
                chart.line("bound", chart.x.position($0.begin), height, chart.x.position($0.end), height)
            }.joined()
            labels.append(Chart.Label(text: bound.name, style: "bound", y: height))
        }
        for (name, value) in [("p50", \DrillExperiment.Latency.p50), ("p99", \.p99)] {
            let points = timeline.map { (x: Double($0.second) + 0.5, y: $0.figures.latency?[keyPath: value]) }
            marks += chart.curve("curve \(name)", points)
            if let last = points.last(where: { $0.y != nil })?.y {
                labels.append(Chart.Label(text: name, style: name, y: y.position(last)))
            }
        }
        return chart.content(spans: spans, named: spanName, marks: marks, labels: labels)
    }

    /// `10 ms`, `1 s`.
    private static func text(_ milliseconds: Double) -> String {
        milliseconds >= 1000
            ? "\(PageText.number(milliseconds / 1000)) s" : "\(PageText.number(milliseconds)) ms"
    }
}

extension DrillExperiment {
    /// The matrix's bounds: one from the first second of the fault, a tighter one from 3 s after it.
    var latencyBounds: [LatencyChart.Bound] {
        var bounds = [
            LatencyChart.Bound(
                name: "≤ \(PageText.milliseconds(Thresholds.answered))", milliseconds: Thresholds.answered,
                spans: faults)
        ]
        if kind != PartialFault.Group.brownout.rawValue, let healthy = healthy.latency?.p99 {
            // Broken and healthy stretches alternate only for dependencies off the path.
            let steady = faults.count > 1 ? Thresholds.offThePath(healthy) : Thresholds.steady(healthy)
            let isolated = faults.filter { $0.end > $0.begin + Thresholds.isolation }.map {
                Span(begin: $0.begin + Thresholds.isolation, end: $0.end)
            }
            bounds.append(
                LatencyChart.Bound(
                    name: "≤ \(PageText.milliseconds(steady))", milliseconds: steady, spans: isolated))
        }
        return bounds
    }
}
